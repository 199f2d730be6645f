#include "bench/pingpong/side.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace muster::bench {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto lost_after = std::chrono::milliseconds(20);
constexpr auto connect_limit = std::chrono::seconds(10);
// Polls between two looks at the clock while a ping is under way: a look would cost a poll.
constexpr unsigned polls_per_look = 256;

class Pinger {
 public:
  Pinger(Way& way, bool yield) : way_(way), yield_(yield) {}

  /// True once the next ping is back.
  bool round_trip() {
    ++number_;
    unsigned polls = 0;
    Clock::time_point deadline{};
    bool sent = way_.send(number_);
    while (true) {
      const std::optional<std::uint64_t> back = way_.receive();
      if (back == number_) return true;
      if (!sent) sent = way_.send(number_);
      if (yield_) std::this_thread::yield();
      if (++polls % polls_per_look != 0) continue;
      const Clock::time_point now = Clock::now();
      if (deadline == Clock::time_point{}) deadline = now + lost_after;
      if (now > deadline) return false;
    }
  }

 private:
  Way& way_;
  bool yield_;
  std::uint64_t number_ = 0;
};

void connect(Way& way, Pinger& pinger) {
  const Clock::time_point deadline = Clock::now() + connect_limit;
  while (!way.connect() || !pinger.round_trip()) {
    if (Clock::now() > deadline) {
      throw std::runtime_error("the two processes did not find each other within 10 s");
    }
    std::this_thread::yield();
  }
}

double percentile(const std::vector<std::uint32_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

}  // namespace

RoundTrips run_ping(Way& way, const PingLimits& limits, bool yield) {
  Pinger pinger(way, yield);
  connect(way, pinger);
  // Caches and branch predictors settle, and the samples' pages are there before the first.
  std::vector<std::uint32_t> samples(limits.round_trips, 0);
  const auto limit = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(limits.seconds_max));
  const Clock::time_point warm = Clock::now() + limit / 10;
  for (std::size_t i = 0; i < limits.round_trips / 10 && Clock::now() < warm; ++i) {
    pinger.round_trip();
  }

  RoundTrips result;
  Clock::time_point start = Clock::now();
  const Clock::time_point end = start + limit;
  while (result.samples < limits.round_trips && start < end) {
    const bool back = pinger.round_trip();
    // One look at the clock for each round trip: the end of one is the start of the next.
    const Clock::time_point now = Clock::now();
    samples[result.samples++] = static_cast<std::uint32_t>((now - start).count());
    if (!back) ++result.lost;
    start = now;
  }
  samples.resize(result.samples);
  std::sort(samples.begin(), samples.end());
  result.p50_ns = percentile(samples, 0.50);
  result.p99_ns = percentile(samples, 0.99);
  result.p999_ns = percentile(samples, 0.999);
  return result;
}

void run_echo(Way& way, const std::atomic<bool>& stop, bool yield) {
  while (!way.connect() && !stop.load(std::memory_order_relaxed)) std::this_thread::yield();
  while (!stop.load(std::memory_order_relaxed)) {
    if (!way.echo() && yield) std::this_thread::yield();
  }
}

}  // namespace muster::bench
