#include "tests/e2e/flood.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace muster::e2e {

Flood::Flood(const NetworkNamespace& machine, std::vector<RawFrame> frames,
             std::uint64_t frames_max)
    : frames_(std::move(frames)), frames_max_(frames_max) {
  machine.inside([this] {
    socket_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // hears nothing
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = static_cast<int>(if_nametoindex("eth0"));
    if (socket_ < 0 ||
        bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::system_error(errno, std::generic_category(), "the flood's socket");
  });
  thread_ = std::jthread([this](const std::stop_token& done) { send(done); });
}

Flood::~Flood() {
  thread_.request_stop();
  thread_.join();
  close(socket_);
}

void Flood::send(const std::stop_token& done) {
  constexpr std::size_t burst_max = 64;
  constexpr int niceness = 10;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
  std::vector<iovec> places(frames_.size());
  std::vector<mmsghdr> messages(frames_.size());
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    places[i] = {.iov_base = frames_[i].data(), .iov_len = frames_[i].size()};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t next = 0; !done.stop_requested() && !over();) {
    const std::size_t burst = std::min(burst_max, messages.size() - next);
    const int taken = sendmmsg(socket_, &messages[next], static_cast<unsigned>(burst), 0);
    if (taken <= 0) continue;  // the line is full
    sent_.fetch_add(static_cast<std::uint64_t>(taken), std::memory_order_relaxed);
    next = (next + static_cast<std::size_t>(taken)) % messages.size();
  }
}

}  // namespace muster::e2e
