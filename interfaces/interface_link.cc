#include "interfaces/interface_link.h"

#include <array>
#include <cstring>
#include <span>
#include <utility>

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster {

namespace {

/// What asks for the interface of a name.
struct Question {
  nlmsghdr header{};
  ifinfomsg interface{};
  rtattr name_header{};
  std::array<char, IFNAMSIZ> name{};

  explicit Question(const std::string& interface_name) {
    header.nlmsg_len = sizeof *this;
    header.nlmsg_type = RTM_GETLINK;
    header.nlmsg_flags = NLM_F_REQUEST;
    name_header.rta_len = sizeof name_header + sizeof name;
    name_header.rta_type = IFLA_IFNAME;
    interface_name.copy(name.data(), name.size() - 1);
  }
};

std::uint32_t number_of(const rtattr& attribute) {
  std::uint32_t number = 0;
  std::memcpy(&number, RTA_DATA(&attribute), sizeof number);
  return number;
}

}  // namespace

InterfaceLink::InterfaceLink(std::string interface)
    : interface_(std::move(interface)),
      socket_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)),
      last_(ask()) {}

InterfaceLink::~InterfaceLink() {
  if (socket_ >= 0) close(socket_);
}

InterfaceLink::Answer InterfaceLink::ask() {
  const Question question(interface_);
  alignas(nlmsghdr) std::array<char, 8192> buffer;
  if (send(socket_, &question, sizeof question, 0) < 0) return {};
  // The kernel answers within send().
  const ssize_t got = recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer.data());
  if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(ifinfomsg))) ||
      header->nlmsg_type != RTM_NEWLINK)
    return {};
  const auto* interface = static_cast<const ifinfomsg*>(NLMSG_DATA(header));
  Answer answer{.index = static_cast<unsigned>(interface->ifi_index),
                .flags = interface->ifi_flags,
                .interruptions = 0};
  auto left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof *interface));
  for (const rtattr* at = IFLA_RTA(interface); RTA_OK(at, left); at = RTA_NEXT(at, left))
    if (at->rta_type == IFLA_CARRIER_DOWN_COUNT) answer.interruptions = number_of(*at);
  return answer;
}

Link InterfaceLink::now() {
  if (socket_ < 0) return Link::up;  // who may not ask has to believe
  const Answer before = last_;
  const Answer answer = ask();
  if (before.index == 0 || answer.index != before.index) return Link::gone;
  last_ = answer;
  if ((answer.flags & IFF_UP) == 0) return Link::switched_off;
  const bool interrupted = answer.interruptions != before.interruptions;
  return (answer.flags & IFF_RUNNING) == 0 || interrupted ? Link::down : Link::up;
}

}  // namespace muster
