#include "tests/dpdk_transport/fuzz/wire.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sanitizer/asan_interface.h>

#include "tests/fuzz/require.h"

namespace muster::dpdk::fuzz {

using muster::fuzz::require;

TimeNs Wire::now_ns = 0;
bool Wire::link = false;
Wire* Wire::now_ = nullptr;

namespace {

constexpr std::uint32_t frames_max = 512;
constexpr std::uint16_t private_bytes = 64;  // where the transport has its packets

std::span<std::byte> behind(Frame& frame) {
  auto* end = rte_pktmbuf_mtod_offset(&frame, std::byte*, frame.data_len);
  return {end, rte_pktmbuf_tailroom(&frame)};
}

}  // namespace

Wire::Wire(std::uint32_t mtu, Look look)
    : pool_(frames_max, private_bytes, FramePool::Reader::software, frame_bytes_for(mtu)),
      look_(std::move(look)) {
  room_.fill(unlimited);
  now_ = this;
}

Wire::~Wire() { now_ = nullptr; }

/// When a port is closed DPDK keeps them for the next of its number.
void Wire::plug_in(std::uint16_t queues) {
  static std::uint16_t plugged_in = 0;
  std::uint16_t port = 0;
  require(rte_eth_dev_get_port_by_name("net_null0", &port) == 0, "the port is open");
  for (; plugged_in < queues; ++plugged_in)
    require(rte_eth_add_rx_callback(port, plugged_in, bring, nullptr) != nullptr &&
                rte_eth_add_tx_callback(port, plugged_in, take, nullptr) != nullptr,
            "DPDK takes callbacks");
}

Frame* Wire::piece(std::span<const std::byte> content) {
  Frame* frame = pool_.allocate();
  if (frame == nullptr) return nullptr;
  require(resize(*frame, content.size()), "a piece fits a buffer");
  std::ranges::copy(content, bytes(*frame).begin());
  return frame;
}

bool Wire::put(const Arrival& arrival, std::uint16_t queue) {
  const std::span all(arrival.bytes);
  const std::size_t first =
      arrival.first_piece == 0 ? all.size() : std::min(arrival.first_piece, all.size());
  Frame* frame = piece(all.first(first));
  if (frame == nullptr) return false;
  auto rest = all.subspan(first);
  for (std::size_t left = arrival.further_pieces; left > 0; --left) {
    Frame* next = piece(rest.first(rest.size() / left));
    if (next == nullptr) {
      free_frame(frame);
      return false;
    }
    rest = rest.subspan(rest.size() / left);
    require(rte_pktmbuf_chain(frame, next) == 0, "pieces make a frame");
  }
  frame->ol_flags = arrival.flags;
  frame->vlan_tci = arrival.stripped_tag;
  coming_[queue].push_back(frame);
  return true;
}

std::uint16_t Wire::bring(std::uint16_t, std::uint16_t queue, Frame** frames, std::uint16_t,
                          std::uint16_t room, void*) {
  auto& coming = now_->coming_[queue];
  const auto count = static_cast<std::uint16_t>(std::min<std::size_t>(room, coming.size()));
  for (std::uint16_t i = 0; i < count; ++i) {
    Frame& frame = *coming.front();
    coming.pop_front();
    // Pieces are brought together in the first.
    const auto end = frame.nb_segs == 1 ? behind(frame) : behind(*rte_pktmbuf_lastseg(&frame));
    ASAN_POISON_MEMORY_REGION(end.data(), end.size());
    now_->guarded_[queue].push_back(end);
    frames[i] = &frame;
  }
  now_->taken_[queue] += count;
  return count;
}

std::size_t Wire::taken(std::uint16_t queue) {
  for (const auto& end : guarded_[queue]) ASAN_UNPOISON_MEMORY_REGION(end.data(), end.size());
  guarded_[queue].clear();
  return std::exchange(taken_[queue], 0);
}

std::uint16_t Wire::take(std::uint16_t, std::uint16_t queue, Frame** frames, std::uint16_t count,
                         void*) {
  std::size_t& room = now_->room_[queue];
  const auto taken = static_cast<std::uint16_t>(std::min<std::size_t>(room, count));
  if (room != unlimited) room -= taken;
  if (taken < count) now_->has_refused_ = true;
  for (std::uint16_t i = 0; i < taken; ++i) {
    Frame& frame = *frames[i];
    now_->look_(queue, frame);
    if (!now_->keeps_) continue;
    rte_mbuf_refcnt_update(&frame, 1);  // the device gives back the other at once
    const auto content = bytes(frame);
    now_->in_flight_.push_back({&frame, {content.begin(), content.end()}});
  }
  now_->sent_[queue] += taken;
  return taken;
}

void Wire::give_back() {
  for (const InFlight& sent : in_flight_) {
    require(std::ranges::equal(bytes(*sent.frame), sent.as_it_was),
            "what waits in the port is not written");
    free_frame(sent.frame);
  }
  in_flight_.clear();
}

void Wire::keep_nothing() {
  give_back();
  keeps_ = false;
}

std::size_t Wire::held_by_others() const {
  std::size_t ours = 0;
  for (const auto& coming : coming_)
    for (const Frame* frame : coming) ours += frame->nb_segs;
  return pool_.size() - pool_.available() - ours;
}

}  // namespace muster::dpdk::fuzz

// Names that the linker takes for those behind "__wrap_".
std::chrono::steady_clock::time_point time_of_the_input() asm(
    "__wrap__ZNSt6chrono3_V212steady_clock3nowEv");
std::chrono::steady_clock::time_point time_of_the_input() {
  return std::chrono::steady_clock::time_point(
      std::chrono::nanoseconds(muster::dpdk::fuzz::Wire::now_ns));
}

int link_of_the_input(std::uint16_t, rte_eth_link* link) asm("__wrap_rte_eth_link_get_nowait");
int link_of_the_input(std::uint16_t, rte_eth_link* link) {
  *link = {};
  link->link_status = muster::dpdk::fuzz::Wire::link ? RTE_ETH_LINK_UP : RTE_ETH_LINK_DOWN;
  return 0;
}
