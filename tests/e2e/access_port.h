// A port of a switch where stations that know of no tags are in a VLAN. The kernel has such, but
// not every kernel.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

namespace muster::e2e {

/// What comes in at one of two interfaces goes out at the other, as long as the object lives: with
/// the VLAN's tag at the trunk, without it at the other. Other frames of the trunk are dropped.
class AccessPort {
 public:
  /// The interfaces are those of the caller's namespace. Throws std::system_error.
  AccessPort(const std::string& trunk, const std::string& access, std::uint16_t vlan);
  ~AccessPort();
  AccessPort(const AccessPort&) = delete;
  AccessPort& operator=(const AccessPort&) = delete;

 private:
  void forward(std::stop_token stopped) const;

  int trunk_;
  int access_;
  std::uint16_t vlan_;
  std::jthread thread_;
};

}  // namespace muster::e2e
