#include "tests/e2e/access_port.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::e2e {
namespace {

constexpr std::size_t addresses_bytes = 2 * ETH_ALEN;
constexpr std::size_t tag_bytes = 4;

struct RawFrame {
  std::optional<std::uint16_t> vlan;
  std::size_t size = 0;
  /// Behind room for a tag.
  std::array<std::uint8_t, tag_bytes + 2048> bytes;
};

void require(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

int open_raw(const std::string& interface) {
  const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));
  require(fd >= 0, "socket");
  const int yes = 1;
  require(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes) == 0, "PACKET_AUXDATA");
  require(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) == 0,
          "PACKET_IGNORE_OUTGOING");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  require(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  return fd;
}

/// The kernel takes a tag off, and says beside the frame which it was.
bool receive(int fd, RawFrame& frame) {
  iovec place{frame.bytes.data() + tag_bytes, frame.bytes.size() - tag_bytes};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
  msghdr message{};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = recvmsg(fd, &message, 0);
  if (got < static_cast<ssize_t>(addresses_bytes)) return false;
  frame.size = static_cast<std::size_t>(got);
  frame.vlan.reset();
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != PACKET_AUXDATA) return true;
  tpacket_auxdata said{};
  std::memcpy(&said, CMSG_DATA(header), sizeof said);
  if ((said.tp_status & TP_STATUS_VLAN_VALID) != 0) frame.vlan = said.tp_vlan_tci & 0xfff;
  return true;
}

void send_tagged(int fd, RawFrame& frame, std::uint16_t vlan) {
  const std::array<std::uint16_t, 2> tag = {htons(ETH_P_8021Q), htons(vlan)};
  std::memmove(frame.bytes.data(), frame.bytes.data() + tag_bytes, addresses_bytes);
  std::memcpy(frame.bytes.data() + addresses_bytes, tag.data(), tag_bytes);
  send(fd, frame.bytes.data(), frame.size + tag_bytes, 0);
}

}  // namespace

AccessPort::AccessPort(const std::string& trunk, const std::string& access, std::uint16_t vlan)
    : trunk_(open_raw(trunk)),
      access_(open_raw(access)),
      vlan_(vlan),
      thread_([this](std::stop_token stopped) { forward(std::move(stopped)); }) {}

AccessPort::~AccessPort() {
  thread_.request_stop();
  thread_.join();
  close(trunk_);
  close(access_);
}

void AccessPort::forward(std::stop_token stopped) const {
  RawFrame frame;
  while (!stopped.stop_requested()) {
    std::array<pollfd, 2> ready = {pollfd{trunk_, POLLIN, 0}, pollfd{access_, POLLIN, 0}};
    poll(ready.data(), ready.size(), 20);
    while (receive(trunk_, frame))
      if (frame.vlan == vlan_) send(access_, frame.bytes.data() + tag_bytes, frame.size, 0);
    while (receive(access_, frame))
      if (!frame.vlan) send_tagged(trunk_, frame, vlan_);
  }
}

}  // namespace muster::e2e
