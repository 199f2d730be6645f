#include "bench/messaging/one_thread.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bench/messaging/child.h"
#include "bench/messaging/endpoint.h"
#include "bench/messaging/pair.h"
#include "bench/messaging/side.h"
#include "node/clock.h"
#include "tools/lab/temporary_folder.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::pin_this_thread;

namespace {

constexpr DurationNs connect_limit_ns = 10'000'000'000;
constexpr auto answer_limit = std::chrono::seconds(30);
constexpr unsigned burst_messages = 32;
constexpr unsigned batch_messages = 6400;
constexpr unsigned batch_cycles = 1000;
constexpr DurationNs idle_length_ns = 20'000'000;

class Count final : public Inbox {
 public:
  std::uint64_t heard() const { return heard_; }

 private:
  void on_message(const Arrival&) override { ++heard_; }

  std::uint64_t heard_ = 0;
};

/// Both ends of a way.
class Ends {
 public:
  explicit Ends(const Way& way)
      : far_(way.open(place(Role::far))), near_(way.open(place(Role::near))) {
    const TimeNs deadline_ns = monotonic_ns() + connect_limit_ns;
    for (bool near = false, far = false; !near || !far;) {
      near = near_->connect();
      far = far_->connect();
      if (monotonic_ns() > deadline_ns) throw std::runtime_error("the two ends did not connect");
    }
  }

  std::size_t packet_message_bytes() const { return near_->packet_message_bytes(); }

  void idle() { near_->poll(nothing_); }

  /// From the first claim until the last is heard.
  void pass(std::size_t bytes, unsigned messages) {
    const std::uint64_t all = count_.heard() + messages;
    for (unsigned sent = 0; count_.heard() < all;) {
      for (; sent < messages && send(bytes); ++sent) {
      }
      near_->poll(nothing_);
      far_->poll(count_);
    }
  }

 private:
  Place place(Role role) const {
    return {.role = role, .directory = folder_.path(), .port = port_, .core = 0};
  }
  bool send(std::size_t bytes) { return near_->claim(bytes).size() >= bytes && near_->commit(); }

  TemporaryFolder folder_;
  std::uint16_t port_ = fresh_port();
  Count count_;
  Count nothing_;
  std::unique_ptr<MessageEndpoint> far_;
  std::unique_ptr<MessageEndpoint> near_;
};

/// Of what `batch()` does `count` times: the best tenth.
template <class Batch>
double ns_each(DurationNs length_ns, unsigned count, Batch&& batch) {
  std::vector<double> batches;
  const TimeNs end_ns = monotonic_ns() + length_ns;
  for (TimeNs begin_ns = monotonic_ns(); begin_ns < end_ns || batches.empty();) {
    batch();
    const TimeNs now_ns = monotonic_ns();
    batches.push_back(static_cast<double>(now_ns - begin_ns) / count);
    begin_ns = now_ns;
  }
  std::ranges::sort(batches);
  return batches[batches.size() / 10];
}

double ns_per_message(Ends& ends, std::size_t bytes, unsigned burst, DurationNs length_ns) {
  return ns_each(length_ns, batch_messages, [&] {
    for (unsigned sent = 0; sent < batch_messages; sent += burst) ends.pass(bytes, burst);
  });
}

double ns_per_idle_cycle(Ends& ends) {
  return ns_each(idle_length_ns, batch_cycles, [&] {
    for (unsigned cycle = 0; cycle < batch_cycles; ++cycle) ends.idle();
  });
}

}  // namespace

int run_one_thread(std::span<char*> arguments) {
  try {
    if (arguments.size() != 3) throw std::runtime_error("--one-thread is not for users");
    pin_this_thread(std::stoi(arguments[1]));
    Ends ends(way_named(arguments[0]));
    const Task task = task_of(arguments[2]);
    const std::size_t bytes = task.bytes == 0 ? ends.packet_message_bytes() : task.bytes;
    const double single = ns_per_message(ends, bytes, 1, task.length_ns);
    const double burst = ns_per_message(ends, bytes, burst_messages, task.length_ns);
    std::printf("%.17g %.17g %.17g\n", single, burst, ns_per_idle_cycle(ends));
    return 0;
  } catch (const std::exception& error) {
    std::printf("%s%s\n", failure_word, error.what());
    return 1;
  }
}

Measured OneThread::measure(const Task& task) {
  Child child(std::string(way_.name) + ", both ends",
              {"/proc/self/exe", one_thread_option, std::string(way_.name), std::to_string(core_),
               to_line(task)});
  std::istringstream line(child.read_line(answer_limit));
  Measured measured;
  for (const char* figure : {"single", "burst", "idle"}) line >> measured.figures[figure];
  if (!line) throw std::runtime_error("both ends in one thread answered \"" + line.str() + '"');
  return measured;
}

}  // namespace muster::bench
