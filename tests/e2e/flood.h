// Somebody at a segment who sends as fast as one thread can, and listens to nobody.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/e2e/segment.h"

namespace muster::e2e {

using RawFrame = std::vector<std::byte>;

/// Sends `frames` over and over from eth0 of a machine: until it is asked for its count, and at
/// most `frames_max`. It is nicer than others: where cores are few, what takes them from members is
/// what they do with the frames, not the sending.
class Flood {
 public:
  Flood(const NetworkNamespace& machine, std::vector<RawFrame> frames, std::uint64_t frames_max);
  ~Flood();
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  /// So many were sent until now.
  std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  bool over() const { return sent() >= frames_max_; }

 private:
  void send(const std::stop_token& done);

  std::vector<RawFrame> frames_;
  std::uint64_t frames_max_;
  std::atomic<std::uint64_t> sent_{0};
  int socket_ = -1;
  std::jthread thread_;
};

}  // namespace muster::e2e
