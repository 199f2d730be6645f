// Order and count between threads; under ThreadSanitizer, also that what was written before a
// push may be read after the pop.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "ring/boost_ring.h"
#include "ring/mpsc_ring.h"
#include "ring/spsc_ring.h"

namespace muster::ring {
namespace {

struct Item {
  std::size_t producer = 0;
  std::size_t number = 0;
};
using Items = std::vector<Item>;

/// Pushes all items in bursts of 1, 2, ... burst_max, 1, ...; what does not fit goes again.
template <PointerRing Ring>
void produce(Ring& ring, Items& items, std::size_t producer, std::size_t burst_max) {
  std::vector<Item*> burst;
  std::size_t next = 0;
  for (std::size_t size = 1; next < items.size(); size = size % burst_max + 1) {
    burst.clear();
    for (; burst.size() < size && next < items.size(); ++next) {
      items[next] = {producer, next};
      burst.push_back(&items[next]);
    }
    for (std::span<Item* const> rest(burst); !rest.empty();) {
      const std::size_t pushed = ring.push(rest);
      rest = rest.subspan(pushed);
      if (pushed == 0) std::this_thread::yield();
    }
  }
}

/// Pops until every producer's items have come, each producer's in order.
template <PointerRing Ring>
void consume(Ring& ring, std::span<const Items> all, std::size_t burst_max) {
  std::vector<std::size_t> expected(all.size(), 0);
  std::size_t missing = 0;
  for (const Items& items : all) missing += items.size();
  std::vector<Item*> burst(burst_max);
  while (missing > 0) {
    const std::size_t popped = ring.pop(std::span<Item*>(burst));
    if (popped == 0) std::this_thread::yield();
    for (std::size_t i = 0; i < popped; ++i) {
      ASSERT_EQ(burst[i]->number, expected[burst[i]->producer]++);
    }
    ASSERT_LE(popped, missing);
    missing -= popped;
  }
  EXPECT_TRUE(ring.empty());
}

/// A consumer that failed stops early; the ring is then drained until the producers are done, or
/// they would wait for room for ever.
template <PointerRing Ring>
void run(std::size_t producers, std::size_t items_each, std::size_t capacity) {
  constexpr std::size_t burst_max = 11;
  Ring ring(capacity);
  std::vector<Items> all(producers, Items(items_each));
  std::atomic<std::size_t> running{producers};
  std::vector<std::jthread> threads;
  threads.reserve(producers);
  for (std::size_t producer = 0; producer < producers; ++producer) {
    threads.emplace_back([&, producer] {
      produce(ring, all[producer], producer, burst_max);
      --running;
    });
  }
  consume(ring, std::span<const Items>(all), burst_max);
  for (Item* dropped = nullptr; running > 0;) {
    if (!ring.pop(dropped)) std::this_thread::yield();
  }
}

constexpr std::size_t items_total = 200'000;
// One that is always full or empty, and one that seldom is.
constexpr std::array<std::size_t, 2> capacities{8, 1024};

TEST(RingStress, SpscKeepsOrderAndCount) {
  for (const std::size_t capacity : capacities) run<SpscRing<Item*>>(1, items_total, capacity);
}
TEST(RingStress, BoostKeepsOrderAndCount) {
  for (const std::size_t capacity : capacities) run<BoostRing<Item*>>(1, items_total, capacity);
}
TEST(RingStress, MpscKeepsOrderAndCountOfOneProducer) {
  for (const std::size_t capacity : capacities) run<MpscRing<Item*>>(1, items_total, capacity);
}
TEST(RingStress, MpscKeepsOrderAndCountOfEachOfFourProducers) {
  for (const std::size_t capacity : capacities) {
    run<MpscRing<Item*>>(4, items_total / 4, capacity);
  }
}

/// What was popped goes back through a second ring and is written again: as packets do.
TEST(RingStress, ItemsThatCirculateAreNeverInTwoHands) {
  constexpr std::size_t laps = 100'000;
  Items items(4);
  SpscRing<Item*> there(8);
  SpscRing<Item*> back(8);
  for (Item& item : items) ASSERT_TRUE(back.push(&item));
  std::jthread producer([&] {
    for (std::size_t number = 0; number < laps; ++number) {
      Item* item = nullptr;
      while (!back.pop(item)) std::this_thread::yield();
      item->number = number;
      while (!there.push(item)) std::this_thread::yield();
    }
  });
  std::size_t wrong = 0;
  for (std::size_t number = 0; number < laps; ++number) {
    Item* item = nullptr;
    while (!there.pop(item)) std::this_thread::yield();
    if (item->number != number) ++wrong;
    item->number = SIZE_MAX;
    while (!back.push(item)) std::this_thread::yield();
  }
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace muster::ring
