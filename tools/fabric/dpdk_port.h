// DPDK's frames and ports, as the switch wants them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "dpdk_transport/frame_pool.h"
#include "dpdk_transport/raw_port.h"
#include "tools/fabric/fabric_switch.h"

namespace muster::fabric {

/// Owns one frame of a pool.
class OwnedFrame {
 public:
  OwnedFrame() = default;
  OwnedFrame(dpdk::Frame* frame, dpdk::FramePool& pool) : frame_(frame), pool_(&pool) {}
  ~OwnedFrame() { dpdk::free_frame(frame_); }
  OwnedFrame(OwnedFrame&& other) noexcept
      : frame_(std::exchange(other.frame_, nullptr)), pool_(other.pool_) {}
  OwnedFrame& operator=(OwnedFrame&& other) noexcept {
    std::swap(frame_, other.frame_);
    std::swap(pool_, other.pool_);
    return *this;
  }

  explicit operator bool() const { return frame_ != nullptr; }
  std::span<const std::byte> bytes() const { return dpdk::bytes(std::as_const(*frame_)); }
  std::size_t size() const { return dpdk::frame_bytes(*frame_); }
  OwnedFrame clone() const { return {pool_->clone(*frame_), *pool_}; }
  dpdk::Frame* get() const { return frame_; }
  dpdk::Frame* release() { return std::exchange(frame_, nullptr); }

 private:
  dpdk::Frame* frame_ = nullptr;
  dpdk::FramePool* pool_ = nullptr;
};

/// One port of the switch: a SwitchLoop's `Port`.
class DpdkPort {
 public:
  DpdkPort(const dpdk::RawPortConfig& config, dpdk::FramePool& pool)
      : pool_(&pool), port_(std::make_unique<dpdk::RawPort>(config, pool)) {}

  std::size_t receive(std::span<OwnedFrame> burst) {
    const std::size_t count = port_->receive(std::span(frames_).first(burst.size()));
    for (std::size_t i = 0; i < count; ++i) burst[i] = OwnedFrame(frames_[i], *pool_);
    return count;
  }
  std::size_t send(std::span<OwnedFrame> burst) {
    std::ranges::transform(burst, frames_.begin(), &OwnedFrame::get);
    const std::size_t taken = port_->send(std::span(frames_).first(burst.size()));
    for (OwnedFrame& frame : burst.first(taken)) frame.release();
    return taken;
  }
  bool link_up() const { return port_->link_up(); }

 private:
  dpdk::FramePool* pool_;
  std::unique_ptr<dpdk::RawPort> port_;
  std::array<dpdk::Frame*, FabricSwitch<OwnedFrame>::burst_max> frames_{};
};

}  // namespace muster::fabric
