// Frames into and out of one queue of a port.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

#include "dpdk_transport/raw_port.h"
#include "tests/dpdk_transport/golden.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk::testing {

inline constexpr std::uint16_t first = 0;
inline constexpr std::uint16_t second = 1;

inline Frame* frame_of(FramePool& pool, const golden::Bytes& content) {
  Frame* frame = pool.allocate();
  if (frame == nullptr || !resize(*frame, content.size())) throw std::runtime_error("no frame");
  std::ranges::copy(content, bytes(*frame).begin());
  return frame;
}

/// The next frame of that queue, if there is one.
inline golden::Bytes next(RawPort& port, std::uint16_t queue) {
  std::array<Frame*, 1> burst{};
  if (port.receive(burst, queue) == 0) return {};
  const auto frame = bytes(*burst[0]);
  const golden::Bytes copy(frame.begin(), frame.end());
  free_frame(burst[0]);
  return copy;
}
/// Empty after a while.
inline golden::Bytes heard(RawPort& port, std::uint16_t queue) {
  golden::Bytes frame;
  eventually([&] {
    frame = next(port, queue);
    return !frame.empty();
  });
  return frame;
}

}  // namespace muster::dpdk::testing
