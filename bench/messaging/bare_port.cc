// The floor: the bare port, with the same bytes on the wire as a UDP datagram and nothing done
// that could be left out: the headers are not written, and of the payload only the stamp is.
#include <algorithm>
#include <array>
#include <utility>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/ways.h"
#include "dpdk_transport/eal.h"
#include "dpdk_transport/frame_pool.h"
#include "dpdk_transport/headers.h"
#include "dpdk_transport/raw_port.h"

namespace muster::bench {

namespace {

constexpr std::size_t header_bytes =
    sizeof(dpdk::EthernetHeader) + sizeof(dpdk::Ipv4Header) + sizeof(dpdk::UdpHeader);
constexpr std::uint32_t pool_frames = 4096;

class BarePort final : public MessageEndpoint {
 public:
  explicit BarePort(const Place& place)
      : pool_(start_eal_first(), 0, dpdk::FramePool::Reader::software,
              dpdk::frame_bytes_for(mtu())),
        port_({.device = memif_device(place), .mtu = mtu(), .mac = {}}, pool_) {}
  ~BarePort() override {
    dpdk::free_frame(spare_);
    std::for_each_n(queue_.begin(), queued_, dpdk::free_frame);
  }
  BarePort(const BarePort&) = delete;
  BarePort& operator=(const BarePort&) = delete;

  bool connect() override { return port_.link_up(); }
  std::size_t message_bytes_max() const override { return packet_message_bytes(); }
  std::size_t packet_message_bytes() const override { return payload_bytes_of(mtu()); }

  std::span<std::byte> claim(std::size_t bytes) override {
    if (queued_ == queue_.size()) flush();
    if (queued_ == queue_.size()) return {};
    if (spare_ == nullptr) spare_ = pool_.allocate();
    if (spare_ == nullptr || !dpdk::resize(*spare_, header_bytes + bytes)) return {};
    return dpdk::bytes(*spare_).subspan(header_bytes);
  }

  bool commit() override {
    queue_[queued_++] = std::exchange(spare_, nullptr);
    return true;
  }

  std::size_t poll(Inbox& inbox) override {
    flush();
    std::array<dpdk::Frame*, burst_max> burst;
    const std::size_t count = port_.receive(burst);
    for (std::size_t i = 0; i < count; ++i) hand_over(*burst[i], inbox);
    flush();
    return count;
  }

 private:
  static constexpr std::size_t burst_max = 32;

  static std::uint32_t start_eal_first() {
    dpdk::start_eal({.memory_mb = memory_mb});
    return pool_frames;
  }

  void hand_over(dpdk::Frame& frame, Inbox& inbox) {
    const std::span<const std::byte> bytes = dpdk::bytes(frame);
    // An answer is written into the frame that it answers.
    dpdk::free_frame(std::exchange(spare_, &frame));
    if (bytes.size() >= header_bytes) inbox.on_message(bytes.subspan(header_bytes));
  }

  void flush() {
    if (queued_ == 0) return;
    const std::size_t sent = port_.send(std::span(queue_).first(queued_));
    std::move(queue_.begin() + static_cast<std::ptrdiff_t>(sent),
              queue_.begin() + static_cast<std::ptrdiff_t>(queued_), queue_.begin());
    queued_ -= sent;
  }

  dpdk::FramePool pool_;
  dpdk::RawPort port_;
  std::array<dpdk::Frame*, burst_max> queue_{};  ///< to be sent
  std::size_t queued_ = 0;
  dpdk::Frame* spare_ = nullptr;  ///< for the next message
};

}  // namespace

std::unique_ptr<MessageEndpoint> open_bare_port(const Place& place) {
  return std::make_unique<BarePort>(place);
}

}  // namespace muster::bench
