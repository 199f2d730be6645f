// The link of one of the kernel's network interfaces.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/packet.h"

namespace muster {

/// Asks the kernel by rtnetlink (rtnetlink(7)), in the network namespace of whoever makes it. A
/// question costs two system calls, some microseconds: for now and then. For one thread at a time.
class InterfaceLink {
 public:
  /// `interface` is its name. One that is not there is Link::gone.
  explicit InterfaceLink(std::string interface);
  ~InterfaceLink();
  InterfaceLink(const InterfaceLink&) = delete;
  InterfaceLink& operator=(const InterfaceLink&) = delete;

  /// Another interface that has got the name since is not the same. An interrupted link is
  /// Link::down once, though it is back already: switches forget who was in a group behind it.
  Link now();

 private:
  struct Answer {
    unsigned index = 0;  ///< 0: there is none of this name
    unsigned flags = 0;
    std::uint32_t interruptions = 0;
  };
  Answer ask();

  std::string interface_;
  int socket_;
  Answer last_;
};

}  // namespace muster
