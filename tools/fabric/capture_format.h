// The two capture formats, as bytes: classic pcap, and pcapng with an interface for each port.
// Fields are little-endian; readers tell that by the magic number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "cluster/types.h"

namespace muster::fabric {

/// Appends to `out`, and does no I/O. Times are nanoseconds since 1970.
class CaptureFormat {
 public:
  virtual ~CaptureFormat() = default;
  /// What a file begins with.
  virtual void begin(std::string& out, std::size_t ports) const = 0;
  virtual void frame(std::string& out, std::size_t port, TimeNs wall_ns,
                     std::span<const std::byte> bytes) const = 0;
};

/// For a file's name: ".pcap" or ".pcapng"; nullptr for any other ending.
std::unique_ptr<CaptureFormat> capture_format(std::string_view path);

}  // namespace muster::fabric
