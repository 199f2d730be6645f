// A port belongs to one member.
#pragma once

#include <string>

namespace muster::dpdk {

/// Two members on one interface would each get, and answer, what is for the other; the kernel lets
/// packet sockets do that. Leaves no file, and ends with its process at the latest.
class PortClaim {
 public:
  /// `port` is an interface of this network namespace, or a PCI address. Throws StartError where
  /// another member has it.
  explicit PortClaim(const std::string& port);
  ~PortClaim();
  PortClaim(const PortClaim&) = delete;
  PortClaim& operator=(const PortClaim&) = delete;

 private:
  int socket_;
};

}  // namespace muster::dpdk
