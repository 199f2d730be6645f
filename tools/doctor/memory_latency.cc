// How long one access to memory takes.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include <sys/mman.h>

#include "node/clock.h"
#include "tools/doctor/measurements.h"

namespace muster::doctor {
namespace {

constexpr std::size_t walk_bytes = std::size_t{64} << 20;  // more than caches and their tables hold

/// One for each line of the cache.
struct alignas(64) Step {
  Step* next;
};

struct Unmap {
  void operator()(void* memory) const { munmap(memory, walk_bytes); }
};
using Memory = std::unique_ptr<void, Unmap>;

/// Transparent huge pages serve as well as those set aside, and need no preparation.
Memory map(bool huge_pages) {
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const auto mapped = [](int with) {
    void* memory = mmap(nullptr, walk_bytes, PROT_READ | PROT_WRITE, with, -1, 0);
    return Memory(memory == MAP_FAILED ? nullptr : memory);
  };
  if (huge_pages)
    if (Memory memory = mapped(flags | MAP_HUGETLB)) return memory;
  Memory memory = mapped(flags);
  if (memory == nullptr) return nullptr;
  const int advice = huge_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
  if (madvise(memory.get(), walk_bytes, advice) != 0 && huge_pages) return nullptr;
  return memory;
}

/// Each step once, in an order that no prefetcher knows.
void lay_out(std::span<Step> steps) {
  std::vector<std::uint32_t> order(steps.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::shuffle(order, std::mt19937_64(1));
  for (std::size_t i = 0; i < order.size(); ++i)
    steps[order[i]].next = &steps[order[(i + 1) % order.size()]];
}

}  // namespace

std::optional<double> measure_memory_ns(bool huge_pages) {
  const Memory memory = map(huge_pages);
  if (memory == nullptr) return std::nullopt;
  const std::span steps(static_cast<Step*>(memory.get()), walk_bytes / sizeof(Step));
  lay_out(steps);
  constexpr int walked = 1'000'000;
  const Step* at = steps.data();
  const TimeNs begin = monotonic_ns();
  for (int i = 0; i < walked; ++i) at = at->next;
  const TimeNs end = monotonic_ns();
  asm volatile("" : : "r"(at));
  return static_cast<double>(end - begin) / walked;
}

}  // namespace muster::doctor
