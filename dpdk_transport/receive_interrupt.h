// What wakes a thread that waits for frames, on ports whose driver has interrupts for them.
#pragma once

#include <cstdint>
#include <string_view>

namespace muster::dpdk {

/// Of the first queue of a port that was configured with them. For the thread that receives.
class ReceiveInterrupt {
 public:
  ReceiveInterrupt();
  ~ReceiveInterrupt();
  ReceiveInterrupt(const ReceiveInterrupt&) = delete;
  ReceiveInterrupt& operator=(const ReceiveInterrupt&) = delete;

  /// The port was started. False where the driver has none.
  bool attach(std::uint16_t port, std::string_view driver);
  /// The port is about to be closed; it may be attached again, once it was started again.
  void detach();

  /// Readable between arm() and disarm() when a frame has come since. The same all the time.
  int descriptor() const { return descriptor_; }
  /// True: frames that came before may lie there without a word, so look until none does. False: it
  /// says so of those as well, or the port is closed.
  bool arm();
  void disarm();

 private:
  static constexpr int none = -1;

  /// Of epoll, since the driver's own goes with the port.
  int descriptor_;
  int of_driver_ = none;
  std::uint16_t port_ = 0;
  bool counts_ =
      false;  ///< interrupts; else it is what frames are read from, and always says how it is
  bool is_counter_ = false;  ///< the driver's own, which is read here to be empty
};

}  // namespace muster::dpdk
