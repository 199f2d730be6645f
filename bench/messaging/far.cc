#include "bench/messaging/far.h"

#include <array>
#include <stdexcept>
#include <string>
#include <thread>

#include "bench/messaging/message.h"
#include "bench/messaging/near.h"
#include "bench/messaging/window.h"

namespace muster::bench {

/// The messages of one run, as they arrive: each once, in order, whole.
class Receiver : public Inbox {
 public:
  explicit Receiver(const Task& task) : task_(task) {}

  /// After each poll.
  virtual void polled() {}
  /// Now and then.
  virtual void look(TimeNs now_ns) {
    if (begin_ns_ == 0 && next_ > 0) begin_ns_ = now_ns;
  }
  /// Need not be told to stop.
  virtual bool done() const { return false; }
  /// Nothing is measured at this moment.
  virtual bool quiet(TimeNs now_ns) const {
    return begin_ns_ == 0 || now_ns >= begin_ns_ + task_.warm_ns + task_.length_ns;
  }
  /// There is nothing more to wait for.
  virtual bool complete() const { return true; }
  virtual Outcome outcome() const { return {}; }

 protected:
  virtual void on_next(const Stamp& stamp) = 0;

  const Task& task() const { return task_; }
  TimeNs begin_ns() const { return begin_ns_; }
  std::uint64_t received() const { return next_ - lost_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t next() const { return next_; }

 private:
  void on_message(const Arrival& message) override {
    const auto stamp = read_stamp(message);
    if (!stamp) throw std::runtime_error("a message arrived that is damaged");
    if (stamp->run != task_.run) return;  // of an earlier run
    if (message.size() != task_.bytes) {
      throw std::runtime_error("a message of " + std::to_string(task_.bytes) +
                               " bytes arrived with " + std::to_string(message.size()));
    }
    if (stamp->number < next_) {
      throw std::runtime_error("message " + std::to_string(stamp->number) + " arrived where " +
                               std::to_string(next_) + " was next: twice, or out of order");
    }
    lost_ += stamp->number - next_;
    next_ = stamp->number + 1;
    on_next(*stamp);
  }

  const Task& task_;
  std::uint64_t next_ = 0;
  std::uint64_t lost_ = 0;
  TimeNs begin_ns_ = 0;  ///< when a look first found a message
};

namespace {

// Polls between two looks at the clock.
constexpr unsigned polls_per_look = 64;

/// Answers each with one of the same size.
class Echo final : public Receiver {
 public:
  Echo(MessageEndpoint& endpoint, const Task& task) : Receiver(task), endpoint_(endpoint) {}

  void polled() override {
    if (unanswered_) answer(*unanswered_);
  }

 private:
  void on_next(const Stamp& stamp) override { answer(stamp); }

  void answer(const Stamp& stamp) {
    unanswered_ = stamp;
    const std::span<std::byte> room = endpoint_.claim(task().bytes);
    if (room.empty()) return;
    write_stamp(room, stamp);
    if (endpoint_.commit()) unanswered_.reset();
  }

  MessageEndpoint& endpoint_;
  std::optional<Stamp> unanswered_;
};

class Counter final : public Receiver {
 public:
  using Receiver::Receiver;

  void look(TimeNs now_ns) override {
    Receiver::look(now_ns);
    if (begin_ns() == 0) return;
    if (!window_) window_.emplace(begin_ns() + task().warm_ns, task().length_ns);
    window_->look(now_ns, received(), lost());
  }
  bool done() const override { return window_ && window_->over(); }
  bool quiet(TimeNs) const override { return false; }
  Outcome outcome() const override { return window_ ? window_->outcome() : Outcome{}; }

 private:
  void on_next(const Stamp&) override {}

  std::optional<Window> window_;
};

/// How long after it was due each message arrived.
///
/// A look at the clock for each would slow the receiver down where messages take no longer than
/// that. So the first of a poll is timed by itself, and the others together after every few:
/// a little late, never early.
class Timer final : public Receiver {
 public:
  Timer(const Task& task, const Pace& pace) : Receiver(task), pace_(pace), window_(0, 0) {}

  void polled() override {
    time_pending();
    polled_ = true;
  }
  void look(TimeNs now_ns) override {
    Receiver::look(now_ns);
    if (!measures_ && next() >= task().warm_messages()) {
      window_ = Window(now_ns, task().length_ns);
      measures_ = true;
    }
    if (measures_) window_.look(now_ns, received(), lost());
  }
  bool complete() const override { return next() >= task().messages() && window_.over(); }
  Outcome outcome() const override {
    Outcome outcome = window_.outcome();
    const std::uint64_t expected = task().messages() - task().warm_messages();
    outcome.times = times_;
    outcome.lost = expected - times_.samples();
    outcome.times.add(late_max_ns, outcome.lost);
    return outcome;
  }

 private:
  static constexpr std::size_t pending_max = 8;

  void on_next(const Stamp& stamp) override {
    if (stamp.number < task().warm_messages()) return;
    pending_[pending_count_++] = stamp.due_ns;
    if (polled_ || pending_count_ == pending_max) time_pending();
    polled_ = false;
  }

  void time_pending() {
    if (pending_count_ == 0) return;
    const TimeNs now_ns = pace_.now_ns();
    for (std::size_t i = 0; i < pending_count_; ++i) {
      times_.add(now_ns > pending_[i] ? now_ns - pending_[i] : 0);
    }
    pending_count_ = 0;
  }

  const Pace& pace_;
  std::array<TimeNs, pending_max> pending_{};
  std::size_t pending_count_ = 0;
  bool polled_ = true;  ///< since the last message
  bool measures_ = false;
  Window window_;
  Histogram times_;
};

std::unique_ptr<Receiver> receiver_for(MessageEndpoint& endpoint, const Task& task,
                                       const Pace& pace) {
  switch (task.kind) {
    case Task::Kind::ping:
      return std::make_unique<Echo>(endpoint, task);
    case Task::Kind::rate:
      return std::make_unique<Counter>(task);
    case Task::Kind::load:
      break;
  }
  return std::make_unique<Timer>(task, pace);
}

}  // namespace

Far::Far(MessageEndpoint& endpoint, const Task& task, const Pace& pace)
    : endpoint_(endpoint), pace_(pace), receiver_(receiver_for(endpoint, task, pace_)) {}
Far::~Far() = default;

bool Far::cycle(const std::function<bool()>& told_to_stop) {
  const std::size_t work = endpoint_.poll(*receiver_);
  receiver_->polled();
  if (work == 0 && pace_.yields) std::this_thread::yield();
  if (++polls_ % polls_per_look != 0) return true;
  const TimeNs now_ns = pace_.now_ns();
  receiver_->look(now_ns);
  if (receiver_->done()) return false;
  if (!end_ns_ && receiver_->quiet(now_ns) && told_to_stop()) end_ns_ = now_ns + late_max_ns;
  return !end_ns_ || (!receiver_->complete() && now_ns < *end_ns_);
}

Outcome Far::outcome() const { return receiver_->outcome(); }

}  // namespace muster::bench
