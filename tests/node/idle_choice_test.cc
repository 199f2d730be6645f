#include "node/idle_choice.h"

#include <gtest/gtest.h>
#include <sched.h>

#include "node/thread.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

NodeConfig that_says(Mode mode, Idle idle = Idle::automatic) {
  NodeConfig config;
  config.mode = mode;
  config.idle = idle;
  return config;
}

Idle choice_of(const NodeConfig& config, std::size_t queues, std::size_t cores) {
  return choose_idle(config, {.queues = queues, .cores = cores}).idle;
}

TEST(IdleChoice, SpinsWhereEachThreadHasACoreAndOneIsLeft) {
  const NodeConfig pipelined = that_says(Mode::pipelined);
  EXPECT_EQ(choice_of(pipelined, 1, 3), Idle::backoff);
  EXPECT_EQ(choice_of(pipelined, 1, 4), Idle::spin);
  EXPECT_EQ(choice_of(pipelined, 4, 6), Idle::backoff);  // each queue has a thread
  EXPECT_EQ(choice_of(pipelined, 4, 7), Idle::spin);
  EXPECT_EQ(choice_of(that_says(Mode::run_inline), 1, 1), Idle::backoff);
  EXPECT_EQ(choice_of(that_says(Mode::run_inline), 1, 2), Idle::spin);
}

TEST(IdleChoice, SpinsOnNoCoreThatTwoThreadsShare) {
  NodeConfig config = loopback_config("a", Mode::pipelined);
  config.cores = {.io = {1}, .engine = 1};
  EXPECT_TRUE(find_mistakes(config).empty());
  EXPECT_EQ(choice_of(config, 1, 64), Idle::backoff);
  config.cores = {.io = {1, 3, 1}, .engine = 2};
  EXPECT_EQ(choice_of(config, 3, 64), Idle::backoff);
  EXPECT_EQ(choose_idle(config, {.queues = 3, .cores = 64}).why, "two of its threads share core 1");
  config.mode = Mode::run_inline;  // which has none of them
  EXPECT_EQ(choice_of(config, 1, 64), Idle::spin);
}

TEST(IdleChoice, IsWhatWasAskedFor) {
  EXPECT_EQ(choice_of(that_says(Mode::pipelined, Idle::spin), 1, 1), Idle::spin);
  EXPECT_EQ(choice_of(that_says(Mode::pipelined, Idle::backoff), 1, 64), Idle::backoff);
  EXPECT_EQ(choose_idle(that_says(Mode::pipelined, Idle::spin), {}).why, "that was asked for");
}

TEST(IdleChoice, SleepsWhereSomebodyWakesIt) {
  const NodeConfig config = that_says(Mode::run_inline, Idle::sleep);
  EXPECT_EQ(choose_idle(config, {.wakes = true}).idle, Idle::sleep);
  EXPECT_EQ(choose_idle(config, {.wakes = false}).idle, Idle::backoff);
  EXPECT_EQ(choose_idle(config, {.wakes = false}).why,
            "its port wakes nobody who sleeps, and has to be polled");
  // The engine wakes the application's thread.
  EXPECT_EQ(choose_idle(that_says(Mode::pipelined, Idle::sleep), {.wakes = false}).idle,
            Idle::sleep);
}

TEST(IdleChoice, CountsTheCoresThatTheProcessIsLetHave) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(usable_cores(), static_cast<unsigned>(CPU_COUNT(&before)));
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const Lone lone(loopback_config("a", Mode::run_inline));
  sched_setaffinity(0, sizeof before, &before);
  EXPECT_EQ(lone.node.waits().idle, Idle::backoff);
  EXPECT_EQ(lone.node.waits().why, "its threads are 1, the cores that it may use 1");
}

}  // namespace
}  // namespace muster::test
