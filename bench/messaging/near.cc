#include "bench/messaging/near.h"

#include <algorithm>
#include <thread>

#include "bench/messaging/message.h"
#include "bench/messaging/schedule.h"
#include "bench/messaging/window.h"

namespace muster::bench {

namespace {

// Polls between two looks at the clock while a ping is under way, which would cost a poll, and
// between two looks whether to stop.
constexpr unsigned polls_per_look = 256;
// Messages sent between two polls.
constexpr unsigned burst_max = 256;

class Nothing final : public Inbox {
  void on_message(const Arrival&) override {}
};

/// Sends the messages of a run, one after the other.
class Sender {
 public:
  Sender(MessageEndpoint& endpoint, const Task& task) : endpoint_(endpoint), task_(task) {}

  /// False: would block, try again.
  bool send(TimeNs due_ns) {
    const std::span<std::byte> room = endpoint_.claim(task_.bytes);
    if (room.empty()) return false;
    write_stamp(room, {.run = task_.run, .number = sent_, .due_ns = due_ns});
    if (!endpoint_.commit()) return false;
    ++sent_;
    return true;
  }
  std::uint64_t sent() const { return sent_; }

 private:
  MessageEndpoint& endpoint_;
  const Task& task_;
  std::uint64_t sent_ = 0;
};

class Pinger final : Inbox {
 public:
  Pinger(MessageEndpoint& endpoint, const Task& task, const Pace& pace)
      : endpoint_(endpoint), task_(task), sender_(endpoint, task), pace_(pace) {}

  /// True once the next ping is back, false when it is lost.
  bool round_trip() {
    awaited_ = sender_.sent();
    back_ = false;
    bool sent = sender_.send(0);
    TimeNs deadline_ns = 0;
    for (unsigned polls = 1;; ++polls) {
      const std::size_t work = endpoint_.poll(*this);
      if (back_) return true;
      if (!sent) sent = sender_.send(0);
      if (pace_.yields && work == 0) std::this_thread::yield();
      if (polls % polls_per_look != 0) continue;
      const TimeNs now_ns = pace_.now_ns();
      if (deadline_ns == 0) deadline_ns = now_ns + lost_after_ns;
      if (now_ns > deadline_ns) return false;
    }
  }

 private:
  void on_message(const Arrival& message) override {
    const auto stamp = read_stamp(message);
    back_ |= stamp && stamp->run == task_.run && stamp->number == awaited_;
  }

  MessageEndpoint& endpoint_;
  const Task& task_;
  Sender sender_;
  const Pace& pace_;
  std::uint64_t awaited_ = 0;
  bool back_ = false;
};

Outcome ping(MessageEndpoint& endpoint, const Task& task, const Pace& pace) {
  Pinger pinger(endpoint, task, pace);
  // Caches and branch predictors settle.
  const TimeNs warm_end_ns = pace.now_ns() + task.warm_ns;
  while (pace.now_ns() < warm_end_ns) pinger.round_trip();

  Outcome outcome;
  const double processor_begin = process_seconds();
  const TimeNs begin_ns = pace.now_ns();
  TimeNs start_ns = begin_ns;
  while (start_ns < begin_ns + task.length_ns) {
    if (!pinger.round_trip()) ++outcome.lost;
    // One look at the clock for each round trip: the end of one is the start of the next.
    const TimeNs now_ns = pace.now_ns();
    outcome.times.add(now_ns - start_ns);
    start_ns = now_ns;
  }
  outcome.messages = outcome.times.samples();
  outcome.seconds = static_cast<double>(start_ns - begin_ns) / 1e9;
  outcome.processor_seconds = process_seconds() - processor_begin;
  return outcome;
}

/// The receiver's window begins and ends later: it decides how long this lasts.
Outcome flood(MessageEndpoint& endpoint, const Task& task, const Pace& pace,
              const std::function<bool()>& told_to_stop) {
  Sender sender(endpoint, task);
  Nothing nothing;
  Window window(pace.now_ns() + task.warm_ns, task.length_ns);
  for (unsigned polls = 1;; ++polls) {
    window.look(pace.now_ns(), sender.sent(), 0);
    unsigned burst = 0;
    while (burst < burst_max && sender.send(0)) ++burst;
    if (endpoint.poll(nothing) + burst == 0 && pace.yields) std::this_thread::yield();
    if (polls % polls_per_look == 0 && window.over() && told_to_stop()) return window.outcome();
  }
}

/// Sends each message as soon as it is due, or as soon after that as it can be sent.
Outcome open_loop(MessageEndpoint& endpoint, const Task& task, const Pace& pace) {
  Sender sender(endpoint, task);
  Nothing nothing;
  const TimeNs begin_ns = pace.now_ns();
  const Schedule schedule(begin_ns, task.interval_ns);
  const TimeNs give_up_ns = begin_ns + task.warm_ns + task.length_ns + late_max_ns;
  Window window(begin_ns + task.warm_ns, task.length_ns);
  for (TimeNs now_ns = begin_ns; now_ns < give_up_ns; now_ns = pace.now_ns()) {
    window.look(now_ns, sender.sent(), 0);
    if (sender.sent() == task.messages() && window.over()) break;
    const std::uint64_t due = std::min(schedule.due_by(now_ns), task.messages());
    unsigned burst = 0;
    while (burst < burst_max && sender.sent() < due &&
           sender.send(schedule.due_ns(sender.sent()))) {
      ++burst;
    }
    if (endpoint.poll(nothing) + burst == 0 && pace.yields) std::this_thread::yield();
  }
  return window.outcome();
}

}  // namespace

Outcome run_near(MessageEndpoint& endpoint, const Task& task, const Pace& pace,
                 const std::function<bool()>& told_to_stop) {
  switch (task.kind) {
    case Task::Kind::ping:
      return ping(endpoint, task, pace);
    case Task::Kind::rate:
      return flood(endpoint, task, pace, told_to_stop);
    case Task::Kind::load:
      break;
  }
  return open_loop(endpoint, task, pace);
}

}  // namespace muster::bench
