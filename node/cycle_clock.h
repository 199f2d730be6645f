// The clock of a polling loop, which is read in every cycle.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cluster/types.h"
#include "node/clock.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace muster {

/// The processor's counter: half the price of the system's clock, which multiplies it as well.
struct ProcessorCounter {
  static std::uint64_t ticks() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
  }
  /// It counts on at one pace, whatever the processor does.
  static bool invariant() {
#if defined(__x86_64__)
    constexpr unsigned leaf = 0x8000'0007;  // AMD64 Architecture Programmer's Manual 3: CPUID
    constexpr unsigned invariant_tsc = 1U << 8;
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    return __get_cpuid(leaf, &eax, &ebx, &ecx, &edx) != 0 && (edx & invariant_tsc) != 0;
#else
    return false;
#endif
  }
};

struct SystemClock {
  static TimeNs now() { return monotonic_ns(); }
};

/// Time by System, looked up every 100 us; in between by Counter, at the pace of the last
/// milliseconds. Never goes back. Strays by some tens of nanoseconds, and where the counter leaps
/// (a machine that moves to another host) by at most 100 us and for as long. For one thread.
template <class Counter, class System>
class BasicCycleClock {
 public:
  TimeNs now() {
    const std::uint64_t since = Counter::ticks() - ticks_;
    const TimeNs now =
        since < trusted_ticks_ ? at_ns_ + ((since * pace_) >> pace_shift) : look_up();
    return told_ns_ = std::max(told_ns_, now);
  }

 private:
  static constexpr unsigned pace_shift = 24;
  static constexpr DurationNs look_up_ns = 100'000;
  static constexpr DurationNs measure_ns = 5'000'000;
  /// Whoever took longer to read both was interrupted: they are not of one moment.
  static constexpr std::uint64_t together_ticks = 2'000;

  TimeNs look_up() {
    trusted_ticks_ = 0;
    if (!invariant_) return System::now();
    const std::uint64_t ticks = Counter::ticks();
    const TimeNs now = System::now();
    if (Counter::ticks() - ticks > together_ticks) return now;
    ticks_ = ticks;
    at_ns_ = now;
    if (now - measured_ns_ >= measure_ns) measure(now);
    if (pace_ != 0) trusted_ticks_ = (look_up_ns << pace_shift) / pace_;
    return now;
  }

  /// Only what two measurements agree on is a pace: the counter may have leapt.
  void measure(TimeNs now) {
    const std::uint64_t ticks = ticks_ - measured_ticks_;
    const std::uint64_t measured = ticks == 0 ? 0 : ((now - measured_ns_) << pace_shift) / ticks;
    const std::uint64_t apart =
        measured > last_pace_ ? measured - last_pace_ : last_pace_ - measured;
    pace_ = apart <= measured >> 10 ? measured : 0;
    last_pace_ = measured;
    measured_ns_ = now;
    measured_ticks_ = ticks_;
  }

  const bool invariant_ = Counter::invariant();
  std::uint64_t ticks_ = 0;          ///< when it was at_ns_
  std::uint64_t trusted_ticks_ = 0;  ///< so long after it
  std::uint64_t pace_ = 0;           ///< ns for each tick, 24 bits behind the point; 0: unknown
  TimeNs at_ns_ = 0;
  TimeNs told_ns_ = 0;
  TimeNs measured_ns_ = 0;  ///< where the measurement of the pace began
  std::uint64_t measured_ticks_ = 0;
  std::uint64_t last_pace_ = 0;
};

using CycleClock = BasicCycleClock<ProcessorCounter, SystemClock>;

}  // namespace muster
