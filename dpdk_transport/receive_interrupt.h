// What wakes a thread that waits for frames, on ports whose driver has interrupts for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::dpdk {

/// Of the first queue of a started port that was configured with them. For the thread that
/// receives.
class ReceiveInterrupt {
 public:
  /// None where the driver has none.
  static std::optional<ReceiveInterrupt> of(std::uint16_t port, std::string_view driver);

  /// Readable between arm() and disarm() when a frame has come since. DPDK keeps it.
  int descriptor() const { return descriptor_; }
  /// True: frames that came before may lie there without a word, so look once more. False: it says
  /// so of those as well.
  bool arm();
  void disarm();

 private:
  ReceiveInterrupt(std::uint16_t port, int descriptor, bool counts)
      : port_(port), descriptor_(descriptor), counts_(counts) {}

  std::uint16_t port_;
  int descriptor_;
  bool counts_;  ///< interrupts; else it is what frames are read from, and always says how it is
};

}  // namespace muster::dpdk
