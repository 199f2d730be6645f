// Kernel UDP with as few system calls as it offers: up to 32 messages in each.
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "bench/messaging/udp_socket.h"
#include "bench/messaging/ways.h"

namespace muster::bench {

namespace {

constexpr std::size_t burst_max = 32;

/// Room for a burst, and what the kernel wants to know of it.
class Burst {
 public:
  Burst() {
    for (std::size_t i = 0; i < burst_max; ++i) {
      parts_[i] = {.iov_base = bytes_.data() + i * datagram_bytes_max, .iov_len = 0};
      headers_[i].msg_hdr.msg_iov = &parts_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
  }
  Burst(const Burst&) = delete;
  Burst& operator=(const Burst&) = delete;

  std::span<std::byte> slot(std::size_t i, std::size_t bytes) {
    parts_[i].iov_len = bytes;
    return {static_cast<std::byte*>(parts_[i].iov_base), bytes};
  }
  std::span<const std::byte> received(std::size_t i) const {
    return {static_cast<const std::byte*>(parts_[i].iov_base), headers_[i].msg_len};
  }
  mmsghdr* headers() { return headers_.data(); }

 private:
  std::vector<std::byte> bytes_ = std::vector<std::byte>(burst_max * datagram_bytes_max);
  std::array<iovec, burst_max> parts_{};
  std::array<mmsghdr, burst_max> headers_{};
};

class KernelUdpBatched final : public MessageEndpoint {
 public:
  explicit KernelUdpBatched(const Place& place) : socket_(open_udp(place)) {
    for (std::size_t i = 0; i < burst_max; ++i) in_.slot(i, datagram_bytes_max);
  }

  bool connect() override { return true; }
  std::size_t message_bytes_max() const override { return datagram_bytes_max; }
  std::size_t packet_message_bytes() const override { return ethernet_datagram_bytes(); }

  std::span<std::byte> claim(std::size_t bytes) override {
    if (queued_ == burst_max) flush();
    if (queued_ == burst_max) return {};
    return out_.slot(queued_, bytes);
  }
  bool commit() override {
    ++queued_;
    return true;
  }
  std::size_t poll(Inbox& inbox) override {
    flush();
    const int got = ::recvmmsg(socket_.fd(), in_.headers(), burst_max, MSG_DONTWAIT, nullptr);
    if (got <= 0) return 0;
    const auto received = static_cast<std::size_t>(got);
    for (std::size_t i = 0; i < received; ++i) inbox.on_message(in_.received(i));
    flush();
    return received;
  }

 private:
  /// The kernel takes the front of the queue; the rest stays where it is.
  void flush() {
    if (queued_ == 0) return;
    const int taken = ::sendmmsg(socket_.fd(), out_.headers() + sent_,
                                 static_cast<unsigned>(queued_ - sent_), MSG_DONTWAIT);
    if (taken > 0) sent_ += static_cast<std::size_t>(taken);
    if (sent_ == queued_) sent_ = queued_ = 0;
  }

  socket::Socket socket_;
  Burst out_;
  Burst in_;
  std::size_t queued_ = 0;
  std::size_t sent_ = 0;  ///< of those
};

}  // namespace

std::unique_ptr<MessageEndpoint> open_kernel_udp_batched(const Place& place) {
  return std::make_unique<KernelUdpBatched>(place);
}

}  // namespace muster::bench
