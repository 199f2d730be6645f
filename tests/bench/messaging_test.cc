// The suite "messaging" measures what it says: both sides in turns, in virtual time, over an
// endpoint that loses, delays or blocks as the test wants.
#include <cstdint>
#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "bench/messaging/far.h"
#include "bench/messaging/figures.h"
#include "bench/messaging/message.h"
#include "bench/messaging/near.h"
#include "bench/messaging/results.h"
#include "bench/messaging/schedule.h"
#include "bench/messaging/sockperf_output.h"

namespace muster::bench {
namespace {

constexpr DurationNs us = 1'000;
constexpr DurationNs ms = 1'000'000;

constexpr DurationNs poll_ns = 10 * us;
TimeNs virtual_now_ns = 1'000 * ms;
TimeNs virtual_time() { return virtual_now_ns; }

/// What becomes of the messages to the far side.
struct Faults {
  DurationNs delay_ns = 0;
  std::uint64_t lose_every = 0;
  std::uint64_t double_every = 0;
  std::uint64_t damage_every = 0;
  /// Sending blocks between these moments after the first message.
  DurationNs block_from_ns = 0;
  DurationNs block_until_ns = 0;
};

/// Under way to one side at most.
constexpr std::size_t waiting_max = 100;

struct Waiting {
  std::vector<std::byte> message;
  TimeNs deliver_ns;
};
/// One direction.
using Pipe = std::deque<Waiting>;

class TestEndpoint final : public MessageEndpoint {
 public:
  /// `others` is what the rest of the world does meanwhile.
  TestEndpoint(Pipe& out, Pipe& in, const Faults& faults, std::function<void()> others)
      : out_(out), in_(in), faults_(faults), others_(std::move(others)) {}

  bool connect() override { return true; }
  std::size_t message_bytes_max() const override { return 1 << 20; }
  std::size_t packet_message_bytes() const override { return 1000; }

  std::span<std::byte> claim(std::size_t bytes) override {
    claimed_.resize(bytes);
    return claimed_;
  }

  bool commit() override {
    if (sent_ == 0) first_ns_ = virtual_now_ns;
    const DurationNs since_ns = virtual_now_ns - first_ns_;
    if (since_ns >= faults_.block_from_ns && since_ns < faults_.block_until_ns) return false;
    if (out_.size() >= waiting_max) return false;
    ++sent_;
    if (hits(faults_.lose_every)) return true;
    if (hits(faults_.damage_every)) claimed_.back() ^= std::byte{1};
    for (int copies = hits(faults_.double_every) ? 2 : 1; copies > 0; --copies) {
      out_.push_back({claimed_, virtual_now_ns + faults_.delay_ns});
    }
    return true;
  }

  std::size_t poll(Inbox& inbox) override {
    others_();
    std::size_t count = 0;
    for (; !in_.empty() && in_.front().deliver_ns <= virtual_now_ns; ++count) {
      const Waiting arrived = std::move(in_.front());
      in_.pop_front();
      inbox.on_message(Arrival(arrived.message));
    }
    return count;
  }

 private:
  bool hits(std::uint64_t every) const { return every != 0 && sent_ % every == 0; }

  Pipe& out_;
  Pipe& in_;
  Faults faults_;
  std::function<void()> others_;
  std::vector<std::byte> claimed_;
  std::uint64_t sent_ = 0;
  TimeNs first_ns_ = 0;
};

struct Outcomes {
  Outcome near;
  Outcome far;
};

/// Throws what the far side throws.
Outcomes run(const Task& task, const Faults& faults) {
  const Pace pace{.yields = false, .now_ns = virtual_time};
  Pipe there;
  Pipe back;
  TestEndpoint answering(back, there, {}, [] {});
  Far far(answering, task, pace);
  bool near_done = false;
  bool far_done = false;
  const auto let_far_go_on = [&] {
    virtual_now_ns += poll_ns;
    if (!far_done) far_done = !far.cycle([&] { return near_done; });
  };
  TestEndpoint sending(there, back, faults, let_far_go_on);
  Outcomes outcomes;
  outcomes.near = run_near(sending, task, pace, [&] { return far_done; });
  near_done = true;
  while (!far_done) let_far_go_on();
  outcomes.far = far.outcome();
  return outcomes;
}

Task some_task(Task::Kind kind) {
  return {.kind = kind, .run = 3, .bytes = 64, .warm_ns = 20 * ms, .length_ns = 200 * ms};
}

TEST(RoundTrips, TakeTheWayThereAndBack) {
  const Task task = some_task(Task::Kind::ping);
  const Outcomes outcomes = run(task, {.delay_ns = 2 * ms});
  EXPECT_EQ(outcomes.near.lost, 0U);
  EXPECT_NEAR(static_cast<double>(outcomes.near.times.samples()), 100, 2);
  const NamedFigures figures = figures_of(task, outcomes.near, outcomes.far);
  EXPECT_NEAR(figures.at("p50"), 2e6, 0.02e6);
  EXPECT_FALSE(figures.contains("p99.99"));
}

TEST(RoundTrips, CountWhatIsLostWithAsLongAsWasWaited) {
  const Task task = some_task(Task::Kind::ping);
  const Outcomes outcomes = run(task, {.delay_ns = 1 * ms, .lose_every = 4});
  EXPECT_NEAR(figures_of(task, outcomes.near, outcomes.far).at("lost"), 0.25, 0.05);
  EXPECT_NEAR(outcomes.near.times.percentile_ns(0.7).value(), 1e6, 0.02e6);
  EXPECT_GE(outcomes.near.times.percentile_ns(0.85).value(), static_cast<double>(lost_after_ns));
}

TEST(Rates, CountWhatArrivesAndNotWhatIsSent) {
  Task task = some_task(Task::Kind::rate);
  task.bytes = message_bytes_min;
  const Outcomes outcomes = run(task, {.lose_every = 5});
  // Between two polls so many are sent that there is no room for more.
  const double per_second = waiting_max * 1e9 / poll_ns;
  const NamedFigures figures = figures_of(task, outcomes.near, outcomes.far);
  EXPECT_NEAR(figures.at("messages"), per_second, per_second / 100);
  EXPECT_NEAR(figures.at("lost"), 0.2, 0.001);
  EXPECT_DOUBLE_EQ(figures.at("bytes"), 8 * figures.at("messages"));
  EXPECT_NEAR(outcomes.far.seconds, 0.2, 0.001);
  EXPECT_GT(figures.at("sender"), 0);
  EXPECT_GT(figures.at("receiver"), 0);
}

TEST(Rates, RefuseWhatWasNeverSentLikeThat) {
  EXPECT_THROW(run(some_task(Task::Kind::rate), {.double_every = 50}), std::runtime_error);
  EXPECT_THROW(run(some_task(Task::Kind::rate), {.damage_every = 50}), std::runtime_error);
}

/// One message each 100 us.
Task some_load() {
  Task task = some_task(Task::Kind::load);
  task.interval_ns = 0.1 * ms;
  return task;
}

TEST(Loads, SendEachMessageOnceItIsDue) {
  const Task task = some_load();
  const Outcomes outcomes = run(task, {.delay_ns = 3 * ms});
  EXPECT_EQ(outcomes.far.times.samples(), 2000U);
  EXPECT_EQ(outcomes.far.lost, 0U);
  const NamedFigures figures = figures_of(task, outcomes.near, outcomes.far);
  EXPECT_DOUBLE_EQ(figures.at("offered"), 10'000);
  EXPECT_NEAR(figures.at("messages"), 10'000, 100);
  EXPECT_NEAR(figures.at("p50"), 3e6, 0.03e6);
  EXPECT_NEAR(figures.at("p99.9"), 3e6, 0.03e6);
}

TEST(Loads, CountTheWaitOfEveryMessageThatWasDueWhileSendingWasBlocked) {
  // Of 200 ms no message can be sent for 60, beginning 100 ms in: three in ten messages wait, on
  // average half of that. Who times only from the sending on sees nothing of it.
  const Outcomes outcomes =
      run(some_load(), {.block_from_ns = 100 * ms, .block_until_ns = 160 * ms});
  ASSERT_EQ(outcomes.far.times.samples(), 2000U);
  EXPECT_NEAR(outcomes.far.times.percentile_ns(0.99).value(), 58e6, 1e6);
  EXPECT_NEAR(outcomes.far.times.percentile_ns(0.85).value(), 30e6, 1e6);
  EXPECT_LT(outcomes.far.times.percentile_ns(0.65).value(), 1e6);
}

TEST(Loads, CountWhatNeverCameAsTheLongestWait) {
  const Task task = some_load();
  const Outcomes outcomes = run(task, {.lose_every = 10});
  EXPECT_EQ(outcomes.far.times.samples(), 2000U);
  EXPECT_EQ(outcomes.far.lost, 200U);
  EXPECT_DOUBLE_EQ(figures_of(task, outcomes.near, outcomes.far).at("lost"), 0.1);
  EXPECT_LT(outcomes.far.times.percentile_ns(0.89).value(), 1e6);
  EXPECT_GE(outcomes.far.times.percentile_ns(0.91).value(), 0.99 * late_max_ns);
}

TEST(OpenLoop, IsFixedInAdvance) {
  const Schedule schedule(1000, 2.5);
  EXPECT_EQ(schedule.due_ns(0), 1000U);
  EXPECT_EQ(schedule.due_ns(2), 1005U);
  EXPECT_EQ(schedule.due_ns(1'000'000), 2'501'000U);
  EXPECT_EQ(schedule.due_by(999), 0U);
  EXPECT_EQ(schedule.due_by(1000), 1U);
  EXPECT_EQ(schedule.due_by(1005), 3U);
}

TEST(OpenLoop, NeverCallsAMessageDueBeforeItIs) {
  for (const double interval_ns : {0.3, 1.0, 66.7, 1e5 / 3, 123'456.789}) {
    const Schedule schedule(5'000'000'000'000, interval_ns);
    for (std::uint64_t number = 0; number < 3'000'000; number = number * 3 / 2 + 1) {
      const TimeNs due_ns = schedule.due_ns(number);
      const std::uint64_t count = schedule.due_by(due_ns);
      EXPECT_GT(count, number);
      EXPECT_GT(schedule.due_ns(count), due_ns);
      EXPECT_LE(schedule.due_by(due_ns - 1), number);
    }
  }
}

TEST(Stamps, SayWhichMessageItIsAtBothEnds) {
  std::vector<std::byte> message(100);
  write_stamp(message, {.run = 9, .number = (std::uint64_t{1} << number_bits) - 1, .due_ns = 77});
  const auto stamp = read_stamp(Arrival(message));
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->run, 9);
  EXPECT_EQ(stamp->number, (std::uint64_t{1} << number_bits) - 1);
  EXPECT_EQ(stamp->due_ns, 77U);
  message[95] ^= std::byte{4};
  EXPECT_FALSE(read_stamp(Arrival(message)));
  EXPECT_FALSE(read_stamp(Arrival(std::span(message).first(7))));
}

TEST(Tasks, AndOutcomesSurviveTheWayToTheOtherProcess) {
  Task task = some_load();
  task.interval_ns = 1e9 / 3;
  const Task same = task_of(to_line(task));
  EXPECT_EQ(same.kind, task.kind);
  EXPECT_EQ(same.run, task.run);
  EXPECT_EQ(same.interval_ns, task.interval_ns);
  EXPECT_EQ(same.messages(), task.messages());

  Outcome outcome{
      .messages = 10, .lost = 2, .seconds = 0.5, .processor_seconds = 0.25, .times = {}};
  outcome.times.add(123'456, 7);
  const Outcome read = outcome_of(to_line(outcome));
  EXPECT_EQ(read.messages, 10U);
  EXPECT_EQ(read.lost, 2U);
  EXPECT_EQ(read.processor_seconds, 0.25);
  EXPECT_EQ(read.times.buckets(), outcome.times.buckets());
  EXPECT_THROW(outcome_of("ready"), std::runtime_error);
}

Leg leg_of(double messages) {
  return {.figures = {{"messages", messages}}, .times = {}, .line_ns = 100, .machine = {}};
}

TEST(ResultsOverRounds, AreRatiosOfTheSameRound) {
  Results results;
  // The machine is ten times as fast in one round, for both.
  const double floors[] = {10, 100, 10};
  const double values[] = {20, 200, 30};
  for (std::size_t round = 0; round < 3; ++round) {
    results.add("floor", round, leg_of(floors[round]));
    results.add("value", round, leg_of(values[round]));
  }
  results.add("value", 7, leg_of(1000));  // the floor has no such round
  const Row row = results.row({"value", "messages"}, {"floor", "messages"}, "F0");
  EXPECT_EQ(row.id, "F0");
  EXPECT_DOUBLE_EQ(row.ratio.value(), 2);
  EXPECT_DOUBLE_EQ(row.ratio_quartiles->high, 2.5);
  EXPECT_DOUBLE_EQ(row.floor.value(), 10);
  EXPECT_DOUBLE_EQ(row.value.value(), 115);
  EXPECT_EQ(row.unit, "1/s");
  EXPECT_EQ(row.line_rtt_ns, 100);
}

TEST(ResultsOverRounds, TellNothingThatSomeRoundsCannotTell) {
  Results results;
  results.add("value", 0, leg_of(1));
  results.add("value", 1, {.figures = {}, .times = {}, .line_ns = 100, .machine = {}});
  EXPECT_FALSE(results.over_rounds({"value", "messages"}));
  EXPECT_FALSE(results.ratio({"value", "messages"}, {"value", "messages"}));
}

TEST(ResultsOverRounds, SayWhyThereAreNone) {
  Results results;
  results.note("rate.some.1MiB", "refused");
  results.note("rate.some.1MiB", "refused");
  const Row row = results.row({"rate.some.1MiB", "messages"}, {"floor", "messages"}, "large");
  EXPECT_FALSE(row.value);
  EXPECT_FALSE(row.ratio);
  EXPECT_EQ(row.note, "refused");
  EXPECT_TRUE(results.knows("rate.some.1MiB"));
  EXPECT_FALSE(results.knows("rate.some.64"));
}

TEST(Sockperf, IsReadInNanosecondsAndToldApartFromTooFew) {
  const std::string observations =
      "sockperf: \x1b[2;35mTotal 2000 observations\x1b[0m; each percentile contains 20.00 "
      "observations";
  const std::vector<std::string> lines{
      "sockperf: Summary: Round trip is 12.412 usec", observations,
      "sockperf: ---> <MAX> observation =  210.500",  "sockperf: ---> percentile 99.999 =  210.500",
      "sockperf: ---> percentile 99.990 =  190.250",  "sockperf: ---> percentile 99.900 =   99.125",
      "sockperf: ---> percentile 99.000 =   40.000",  "sockperf: ---> percentile 75.000 =   13.000",
      "sockperf: ---> percentile 50.000 =   11.500"};
  const NamedFigures figures = read_sockperf(lines);
  EXPECT_EQ(figures, (NamedFigures{{"p50", 11'500}, {"p99", 40'000}, {"p99.9", 99'125}}));
  EXPECT_THROW(read_sockperf({"sockperf: ERROR: cannot bind"}), std::runtime_error);
}

}  // namespace
}  // namespace muster::bench
