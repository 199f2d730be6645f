// The floor: the bare port, with the same bytes on the wire as a UDP datagram and nothing done
// that could be left out. Both ends send back the frame that they received.
#include <algorithm>
#include <array>
#include <cstddef>

#include "bench/pingpong/way.h"
#include "dpdk_transport/eal.h"
#include "dpdk_transport/frame_pool.h"
#include "dpdk_transport/raw_port.h"

namespace muster::bench {

namespace {

// Of Ethernet, IPv4 and UDP.
constexpr std::size_t header_bytes = 14 + 20 + 8;
constexpr std::uint32_t pool_frames = 4096;

class BarePort final : public Way {
 public:
  explicit BarePort(const Place& place)
      : pool_(start_eal_first()), port_({.device = memif_device(place), .mac = {}}, pool_) {}
  ~BarePort() override { dpdk::free_frame(frame_); }
  BarePort(const BarePort&) = delete;
  BarePort& operator=(const BarePort&) = delete;

  bool connect() override { return port_.link_up(); }

  bool send(std::uint64_t number) override {
    if (frame_ == nullptr) {
      frame_ = pool_.allocate();
      if (frame_ == nullptr || !dpdk::resize(*frame_, header_bytes + ping_bytes)) return false;
    }
    write_ping(dpdk::bytes(*frame_).subspan(header_bytes), number);
    return send_frame();
  }

  std::optional<std::uint64_t> receive() override {
    std::array<dpdk::Frame*, burst_max> burst;
    const std::size_t count = port_.receive(burst);
    if (count == 0) return std::nullopt;
    // More than one only after a loss: the last is the one that is waited for.
    std::for_each_n(burst.begin(), count - 1, dpdk::free_frame);
    dpdk::free_frame(frame_);
    frame_ = burst[count - 1];
    const auto bytes = dpdk::bytes(*frame_);
    if (bytes.size() < header_bytes) return std::nullopt;
    return read_ping(bytes.subspan(header_bytes));
  }

  bool echo() override { return receive().has_value() && send_frame(); }

 private:
  static constexpr std::size_t burst_max = 32;

  static std::uint32_t start_eal_first() {
    dpdk::start_eal({});
    return pool_frames;
  }

  bool send_frame() {
    if (port_.send({&frame_, 1}) == 0) return false;
    frame_ = nullptr;
    return true;
  }

  dpdk::FramePool pool_;
  dpdk::RawPort port_;
  dpdk::Frame* frame_ = nullptr;  ///< received, or to be sent
};

}  // namespace

std::unique_ptr<Way> open_bare_port(const Place& place) {
  return std::make_unique<BarePort>(place);
}

}  // namespace muster::bench
