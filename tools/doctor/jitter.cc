// What disturbs a core that spins, and what a second thread beside it costs.
#include <atomic>
#include <thread>

#include "node/clock.h"
#include "tools/doctor/measurements.h"
#include "tools/measure/median.h"

namespace muster::doctor {
namespace {

/// Work that stays in the registers, as long as one batch.
double batch_ns() {
  constexpr int steps = 20'000;
  std::uint64_t state = 88'172'645'463'325'252ULL;
  const TimeNs begin = monotonic_ns();
  for (int i = 0; i < steps; ++i) {
    state ^= state << 13;  // Marsaglia, "Xorshift RNGs", 2003
    state ^= state >> 7;
    state ^= state << 17;
    asm volatile("" : "+r"(state));
  }
  return static_cast<double>(monotonic_ns() - begin);
}

double median_batch_ns() {
  std::vector<double> batches(400);
  for (double& batch : batches) batch = batch_ns();
  return measure::median(std::move(batches));
}

}  // namespace

Jitter measure_jitter(DurationNs length_ns) {
  Jitter jitter;
  const TimeNs begin = monotonic_ns();
  TimeNs last_away = begin;
  TimeNs before = begin;
  for (TimeNs now = begin; now - begin < length_ns; before = now) {
    now = monotonic_ns();
    const DurationNs gone = now - before;
    if (gone <= Jitter::stretch_min_ns) continue;
    ++jitter.stretches;
    jitter.away_ns += gone;
    jitter.longest_ns = std::max(jitter.longest_ns, gone);
    last_away = now;
  }
  jitter.watched_ns = before - begin;
  jitter.since_last_ns = before - last_away;
  return jitter;
}

double measure_clock_ns() {
  constexpr int looks = 100'000;
  const TimeNs begin = monotonic_ns();
  TimeNs now = begin;
  for (int i = 0; i < looks; ++i) now = monotonic_ns();
  return static_cast<double>(now - begin) / looks;
}

double measure_slowdown(measure::Cores cores) {
  measure::pin_this_thread(cores.first);
  const double alone_ns = median_batch_ns();
  std::atomic<bool> enough{false};
  const std::jthread other([&] {
    measure::pin_this_thread(cores.second);
    while (!enough.load(std::memory_order_relaxed)) batch_ns();
  });
  const double beside_ns = median_batch_ns();
  enough.store(true, std::memory_order_relaxed);
  return beside_ns / alone_ns;
}

}  // namespace muster::doctor
