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

}  // namespace

void BurstGate::prepare() {
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

bool BurstGate::anybody_inside() {
  const auto busy = [](const Inside& queue) { return queue.flag.load(std::memory_order_acquire); };
  return std::ranges::any_of(inside_,
                             [&](const auto& port) { return std::ranges::any_of(port, busy); });
}

bool BurstGate::close() {
  closed_.store(true, std::memory_order_seq_cst);
  // Every thread that runs passes a full fence here: after it, either enter() has seen the gate
  // closed, or its flag is seen below. Where the kernel has no such call, a millisecond empties
  // every store buffer as well.
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) != 0)
    std::this_thread::sleep_for(milliseconds(1));
  const auto deadline = steady_clock::now() + milliseconds(patience_ms);
  bool busy = anybody_inside();
  for (; busy && steady_clock::now() < deadline; busy = anybody_inside())
    std::this_thread::sleep_for(microseconds(20));
  return !busy;
}

}  // namespace muster::dpdk
