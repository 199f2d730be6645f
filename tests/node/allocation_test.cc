// Nothing is allocated for messages and calls once a node has started: this binary counts.
#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/node/world.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};

void* allocate(std::size_t bytes, std::size_t alignment) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1);
  void* memory = nullptr;
  if (posix_memalign(&memory, std::max(alignment, sizeof(void*)), std::max<std::size_t>(bytes, 1)))
    throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace muster::test {
namespace {

template <class F>
std::uint64_t allocations_in(const F& f) {
  const std::uint64_t before = allocations;
  counting = true;
  f();
  counting = false;
  return allocations - before;
}

class NodeAllocation : public World {
 protected:
  void SetUp() override {
    a = &start("a");
    b = &start("b");
    ASSERT_TRUE(settle());
    a->diary.on_data = [](const Message&) {};
    b->diary.on_data = [this](const Message& message) {
      (*b)->send(message.from().id, message.bytes());
    };
    ASSERT_EQ((*b)->serve(
                  "/echo", {},
                  [](const Request& request, Responder answer) { answer.reply(request.payload); }),
              AdvertiseResult::done);
    ASSERT_TRUE(until([&] { return !(*a)->lookup("/echo").empty(); }));
    topics();
  }
  /// What a publishes b publishes back.
  void topics() {
    there = (*a)->announce({.name = "/there", .slow = SlowSubscriber::slows}).topic;
    const TopicNumber back = (*b)->announce({.name = "/back", .slow = SlowSubscriber::slows}).topic;
    ASSERT_EQ((*b)->subscribe("/there").result, TopicResult::done);
    ASSERT_EQ((*a)->subscribe("/back").result, TopicResult::done);
    a->diary.on_news = [](const Publication&) {};
    b->diary.on_news = [this, back](const Publication& publication) {
      EXPECT_EQ((*b)->publish(back, publication.bytes()), SendResult::sent);
    };
    ASSERT_TRUE(until([&] {
      return a->diary.heard("subscriber joined") && b->diary.heard("subscriber joined");
    }));
  }
  void poll() { (*a)->idle((*a)->poll() + (*b)->poll()); }

  /// Messages there and back, copied and written in place, and calls, one after the other.
  void converse(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
      const std::size_t before = a->diary.messages;
      while ((*a)->send(id("b"), bytes("copied")) != SendResult::sent) poll();
      for (Buffer buffer; (*a)->commit(buffer, id("b")) != SendResult::sent; poll())
        if (!buffer) buffer = (*a)->claim(64);
      for (const Pick& how : {Pick(), Pick::random(), Pick::nearest(), Pick::sticky("key")})
        ASSERT_TRUE((*a)->pick("/echo", how));
      bool answered = false;
      const auto answer = [&answered](CallOutcome, std::span<const std::byte>) { answered = true; };
      while ((*a)->call("/echo", bytes("call"), second, answer).result != SendResult::sent) poll();
      while (!answered || a->diary.messages < before + 2) poll();
    }
  }

  /// Copied, written in place, and of several packets; there and back.
  void publish(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
      const std::size_t before = a->diary.publications;
      while ((*a)->publish(there, bytes("copied")) != SendResult::sent) poll();
      for (Buffer buffer; (*a)->commit(buffer, there) != SendResult::sent; poll())
        if (!buffer) buffer = (*a)->claim(64);
      while ((*a)->publish(there, longer) != SendResult::sent) poll();
      while (a->diary.publications < before + 3) poll();
    }
  }

  /// Three at once, each a coroutine that awaits another, and may be repeated elsewhere.
  void converse_in_coroutines(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
      answered_ = 0;
      for (int j = 0; j < 3; ++j) (*a)->spawn(count_answer());
      while (answered_ < 3) poll();
    }
  }
  static Task<std::size_t> ask(Node& node) {
    for (;;) {
      const CallAnswer answer =
          co_await node.call("/echo", bytes("call"), second, {.idempotent = true});
      if (answer) co_return answer.payload.size();
      co_await node.next_poll();
    }
  }
  Task<> count_answer() {
    const std::size_t size = co_await ask(*a->node);
    if (size == 4) ++answered_;
  }

  Server* a = nullptr;
  Server* b = nullptr;
  int answered_ = 0;
  TopicNumber there = 0;
  const std::vector<std::byte> longer = std::vector<std::byte>(5000);
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeAllocation, both_ways, mode_name);

TEST_P(NodeAllocation, IsNotNeededForMessagesAndCalls) {
  converse(50);
  EXPECT_EQ(allocations_in([this] { converse(300); }), 0U);
}

TEST_P(NodeAllocation, IsNotNeededForCoroutines) {
  converse_in_coroutines(50);
  EXPECT_EQ(allocations_in([this] { converse_in_coroutines(300); }), 0U);
}

TEST_P(NodeAllocation, IsNotNeededForTopics) {
  publish(50);
  EXPECT_EQ(allocations_in([this] { publish(300); }), 0U);
}

TEST_P(NodeAllocation, IsCountedHere) {
  EXPECT_GT(allocations_in([this] { (*a)->advertise("/control/plane"); }), 0U);
}

}  // namespace
}  // namespace muster::test
