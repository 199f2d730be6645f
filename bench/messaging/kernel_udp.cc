// Plain kernel UDP, non-blocking and polled, a system call for each message: what a server would
// otherwise use. What the receiver's socket has no room for the kernel drops.
#include <array>

#include "bench/messaging/udp_socket.h"
#include "bench/messaging/ways.h"

namespace muster::bench {

namespace {

class KernelUdp final : public MessageEndpoint {
 public:
  explicit KernelUdp(const Place& place) : socket_(open_udp(place)) {}

  bool connect() override { return true; }
  std::size_t message_bytes_max() const override { return datagram_bytes_max; }
  std::size_t packet_message_bytes() const override { return ethernet_datagram_bytes(); }

  std::span<std::byte> claim(std::size_t bytes) override {
    claimed_ = std::span(out_).first(bytes);
    return claimed_;
  }
  bool commit() override {
    return ::sendto(socket_.fd(), claimed_.data(), claimed_.size(), MSG_DONTWAIT, nullptr, 0) >= 0;
  }
  std::size_t poll(Inbox& inbox) override {
    std::size_t received = 0;
    for (; received < burst_max; ++received) {
      const ssize_t got =
          ::recvfrom(socket_.fd(), in_.data(), in_.size(), MSG_DONTWAIT, nullptr, nullptr);
      if (got < 0) break;
      inbox.on_message(Arrival(std::span(in_).first(static_cast<std::size_t>(got))));
    }
    return received;
  }

 private:
  static constexpr std::size_t burst_max = 32;

  socket::Socket socket_;
  std::array<std::byte, datagram_bytes_max> out_{};
  std::array<std::byte, datagram_bytes_max> in_{};
  std::span<std::byte> claimed_;
};

}  // namespace

std::unique_ptr<MessageEndpoint> open_kernel_udp(const Place& place) {
  return std::make_unique<KernelUdp>(place);
}

}  // namespace muster::bench
