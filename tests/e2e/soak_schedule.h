// What happens in a soak, and when: a seed chooses, so that a run can be repeated.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::soak {

using std::chrono::milliseconds;

inline constexpr std::size_t members = 8;
/// The first members are paused as the others are, but never killed, and never leave: on them it
/// can be seen what a long life costs.
inline constexpr std::size_t veterans = 2;
/// A member that was paused no longer stays a member, with the timers of the preset "lan".
inline constexpr milliseconds pause_tolerated{200};
/// Members that are dead, away or paused at the same time.
inline constexpr std::size_t disturbed_max = 3;

struct Action {
  enum class Kind : std::uint8_t { kill, leave, start, pause, resume, bind, withdraw, send };

  milliseconds at{};  ///< since the beginning
  Kind kind{};
  std::size_t member = 0;
  std::size_t to = 0;  ///< send: to which member
  std::string path;    ///< bind, withdraw
};

/// In ascending order of time. Nobody is disturbed for the first second; after the last action
/// every member runs.
std::vector<Action> make_schedule(std::uint64_t seed, milliseconds duration);

}  // namespace muster::soak
