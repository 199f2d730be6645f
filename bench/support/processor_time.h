// The time that this thread, or this process, has had a core for: others may share it.
#pragma once

#include <ctime>

namespace muster::bench {

inline double clock_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}
inline double thread_seconds() { return clock_seconds(CLOCK_THREAD_CPUTIME_ID); }
/// Of all its threads.
inline double process_seconds() { return clock_seconds(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace muster::bench
