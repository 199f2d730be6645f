// A ring between two threads, its publishing store as it is or made relaxed:
// `ring_race spsc|mpsc release|relaxed`. Always built with ThreadSanitizer; mutation_test runs it.
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

#include "ring/mpsc_ring.h"
#include "ring/spsc_ring.h"

namespace muster::ring {
namespace {

struct Item {
  std::size_t number = 0;
};

/// Returns the exit status: 0 if every item came as it was written.
template <class Ring>
int hand_over() {
  constexpr std::size_t count = 1000;
  std::vector<Item> items(count);
  Ring ring(16);
  std::size_t wrong = 0;
  {
    const std::jthread producer([&] {
      for (std::size_t number = 0; number < count; ++number) {
        items[number].number = number;
        while (!ring.push(&items[number])) std::this_thread::yield();
      }
    });
    for (std::size_t number = 0; number < count; ++number) {
      Item* item = nullptr;
      while (!ring.pop(item)) std::this_thread::yield();
      if (item->number != number) ++wrong;
    }
  }
  return wrong == 0 ? 0 : 1;
}

template <std::memory_order publish_order>
int hand_over_by(std::string_view ring) {
  if (ring == "spsc") return hand_over<SpscRing<Item*, publish_order>>();
  if (ring == "mpsc") return hand_over<MpscRing<Item*, publish_order>>();
  return 2;
}

}  // namespace
}  // namespace muster::ring

int main(int argc, char** argv) {
  const std::string_view ring = argc == 3 ? argv[1] : "";
  const std::string_view order = argc == 3 ? argv[2] : "";
  int status = 2;
  if (order == "release") status = muster::ring::hand_over_by<std::memory_order_release>(ring);
  if (order == "relaxed") status = muster::ring::hand_over_by<std::memory_order_relaxed>(ring);
  if (status == 2) std::fprintf(stderr, "usage: ring_race spsc|mpsc release|relaxed\n");
  return status;
}
