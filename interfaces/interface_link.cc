#include "interfaces/interface_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster {

namespace {

/// Of all interfaces' changes; -1 where there is none to be had.
int open_socket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

/// How often the link was lost, as the kernel counts it.
std::optional<std::uint32_t> interruptions_in(const nlmsghdr& message) {
  const auto* interface = static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
  auto left = static_cast<int>(message.nlmsg_len - NLMSG_LENGTH(sizeof *interface));
  for (const rtattr* at = IFLA_RTA(interface); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
    if (at->rta_type != IFLA_CARRIER_DOWN_COUNT) continue;
    std::uint32_t count = 0;
    std::memcpy(&count, RTA_DATA(at), sizeof count);
    return count;
  }
  return std::nullopt;
}

}  // namespace

InterfaceLink::InterfaceLink(unsigned index)
    : index_(index), socket_(open_socket()), gone_(index == 0) {
  ask();
  hear();
  interrupted_ = false;
}

InterfaceLink::~InterfaceLink() {
  if (socket_ >= 0) close(socket_);
}

void InterfaceLink::ask() {
  struct {
    nlmsghdr header{};
    ifinfomsg interface{};
  } question;
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = RTM_GETLINK;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.interface.ifi_index = static_cast<int>(index_);
  // The answer is there when this returns, and looks like any other news.
  if (socket_ >= 0) send(socket_, &question, sizeof question, 0);
}

/// Whatever there is; of what was too much for the socket, the interface may have been a part.
void InterfaceLink::hear() {
  alignas(nlmsghdr) std::array<char, 16384> buffer;
  while (true) {
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == ENOBUFS) {
      interrupted_ = true;
      ask();
      continue;
    }
    if (got <= 0) return;
    auto left = static_cast<unsigned>(got);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
         NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg))) continue;
      const bool removed = message->nlmsg_type == RTM_DELLINK;
      if (!removed && message->nlmsg_type != RTM_NEWLINK) continue;
      const auto* interface = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
      // A bridge tells of its ports in messages of its own family.
      if (interface->ifi_index != static_cast<int>(index_) || interface->ifi_family != AF_UNSPEC)
        continue;
      gone_ = gone_ || removed;
      flags_ = interface->ifi_flags;
      const std::uint32_t count = interruptions_in(*message).value_or(interruptions_);
      interrupted_ = interrupted_ || (known_ && count != interruptions_);
      interruptions_ = count;
      known_ = true;
    }
  }
}

Link InterfaceLink::now() {
  if (!gone_ && socket_ >= 0) hear();
  if (gone_) return Link::gone;
  if (!known_) return Link::up;
  if ((flags_ & IFF_UP) == 0) return Link::switched_off;
  const bool interrupted = std::exchange(interrupted_, false);
  return (flags_ & IFF_RUNNING) == 0 || interrupted ? Link::down : Link::up;
}

}  // namespace muster
