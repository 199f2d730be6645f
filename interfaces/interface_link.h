// The link of one of the kernel's network interfaces.
#pragma once

#include <cstdint>

#include "cluster/packet.h"

namespace muster {

/// Listens to what the kernel tells of its interfaces by rtnetlink (rtnetlink(7)), in the network
/// namespace of whoever makes it. It asks once, at the start: each question waits for the lock
/// that whoever changes an interface holds. For one thread at a time.
class InterfaceLink {
 public:
  /// `index` is the kernel's number of it, which stays when its name changes; 0: it is not there.
  explicit InterfaceLink(unsigned index);
  ~InterfaceLink();
  InterfaceLink(const InterfaceLink&) = delete;
  InterfaceLink& operator=(const InterfaceLink&) = delete;

  /// One system call. An interrupted link is Link::down once, though it is back already: switches
  /// forget who was in a group behind it. Where the kernel cannot be heard, Link::up.
  Link now();

 private:
  void ask();
  void hear();

  unsigned index_;
  int socket_;
  unsigned flags_ = 0;
  std::uint32_t interruptions_ = 0;
  bool known_ = false;  ///< the two above are
  bool interrupted_ = false;
  bool gone_;
};

}  // namespace muster
