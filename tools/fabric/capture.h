// The file that keeps what crossed the switch, for tcpdump, tshark and Wireshark.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "cluster/types.h"
#include "tools/fabric/capture_format.h"

namespace muster::fabric {

/// Throws UsageError unless `path` ends in .pcap or .pcapng.
void check_capture_name(const std::string& path);

/// Gathers frames in memory and writes them a quarter of a MiB at a time. When the file can no
/// longer be written the capture ends, and the switch goes on.
class Capture {
 public:
  /// Takes the place of an earlier file. Throws as check_capture_name() does, and StartError when
  /// the file cannot be made.
  Capture(const std::string& path, std::size_t ports);
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  void record(std::size_t port, TimeNs wall_ns, std::span<const std::byte> bytes);
  void flush();

 private:
  std::string path_;
  std::unique_ptr<CaptureFormat> format_;
  int file_ = -1;  ///< -1 once writing failed
  std::string buffer_;
};

}  // namespace muster::fabric
