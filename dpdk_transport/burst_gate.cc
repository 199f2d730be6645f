#include "dpdk_transport/burst_gate.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace muster::dpdk {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Every thread that runs passes a full fence here: what one writes after it, and what it reads,
/// comes after what was written before. Where the kernel has no such call, a millisecond empties
/// every store buffer as well.
void fence_all_threads() {
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
    std::this_thread::sleep_for(milliseconds(1));
}

template <class Busy>
bool ends(const Busy& is_busy, milliseconds patience) {
  const auto deadline = steady_clock::now() + patience;
  bool busy = is_busy();
  for (; busy && steady_clock::now() < deadline; busy = is_busy())
    std::this_thread::sleep_for(microseconds(20));
  return !busy;
}

}  // namespace

void BurstGate::prepare() {
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

bool BurstGate::anybody_inside(std::uint16_t port) {
  return std::ranges::any_of(inside_[port], [](const Inside& queue) {
    return queue.flag.load(std::memory_order_acquire);
  });
}

bool BurstGate::close() {
  closed_.store(true, std::memory_order_seq_cst);
  fence_all_threads();  // after it, either enter() has seen the gate closed, or its flag is seen
  const auto busy = [] {
    for (std::uint16_t port = 0; port < ports_max; ++port)
      if (anybody_inside(port)) return true;
    return false;
  };
  return ends(busy, milliseconds(patience_ms));
}

bool BurstGate::wait_for(std::uint16_t port) {
  fence_all_threads();  // as above, with the caller's word in the gate's place
  return ends([port] { return anybody_inside(port); }, milliseconds(patience_ms));
}

}  // namespace muster::dpdk
