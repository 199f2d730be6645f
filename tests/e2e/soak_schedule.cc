#include "tests/e2e/soak_schedule.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "cluster/random.h"

namespace muster::soak {
namespace {

using Kind = Action::Kind;

constexpr milliseconds pause_min{50}, pause_max{2000};  // half of them are tolerable
constexpr milliseconds away_max{1500};
/// From one disturbance of a member to its next: time to be back.
constexpr milliseconds recovery{2500};
constexpr milliseconds disturbance_min{600}, disturbance_max{1600};
/// From one change of a member's names to its next.
constexpr milliseconds change_min{60}, change_max{220};
/// From one message to the next, whoever sends it.
constexpr milliseconds send_min{2}, send_max{10};
constexpr std::size_t own_paths = 40, shared_paths = 8;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  milliseconds between(milliseconds min, milliseconds max) {
    const auto width = static_cast<std::uint64_t>((max - min).count());
    return min + milliseconds(random_.below(width + 1));
  }
  std::size_t below(std::size_t bound) { return random_.below(bound); }

 private:
  Random random_;
};

/// Kills, leaves and pauses, each with what ends it.
void add_disturbances(Dice dice, milliseconds duration, std::vector<Action>& schedule) {
  std::array<milliseconds, members> back{};  // from then on the member may be disturbed again
  std::array<milliseconds, members> ends{};
  for (milliseconds now{1000}; now < duration;
       now += dice.between(disturbance_min, disturbance_max)) {
    const std::size_t member = dice.below(members);
    const auto disturbed = std::ranges::count_if(ends, [&](milliseconds end) { return end > now; });
    if (back[member] > now || static_cast<std::size_t>(disturbed) >= disturbed_max) continue;
    const std::size_t choice = member < veterans ? 0 : dice.below(3);
    const bool pause = choice == 0;
    const bool tolerable = pause && dice.below(2) == 0;
    const milliseconds end = now + (tolerable ? dice.between(pause_min, pause_tolerated)
                                    : pause   ? dice.between(pause_tolerated, pause_max)
                                              : dice.between(milliseconds(0), away_max));
    const Kind begins = pause ? Kind::pause : choice == 1 ? Kind::kill : Kind::leave;
    schedule.push_back({now, begins, member, 0, {}});
    schedule.push_back({end, pause ? Kind::resume : Kind::start, member, 0, {}});
    ends[member] = end;
    back[member] = end + recovery;
  }
}

/// Names of a member's own, and names that several bind.
void add_changes(Dice dice, std::size_t member, milliseconds duration,
                 std::vector<Action>& schedule) {
  for (milliseconds now{0}; now < duration; now += dice.between(change_min, change_max)) {
    const std::size_t path = dice.below(own_paths + shared_paths);
    schedule.push_back({now, dice.below(10) < 7 ? Kind::bind : Kind::withdraw, member, 0,
                        path < own_paths ? fmt::format("/soak/{}/{}", member, path)
                                         : fmt::format("/soak/shared/{}", path - own_paths)});
  }
}

void add_messages(Dice dice, milliseconds duration, std::vector<Action>& schedule) {
  for (milliseconds now{0}; now < duration; now += dice.between(send_min, send_max)) {
    const std::size_t from = dice.below(members);
    const std::size_t to = (from + 1 + dice.below(members - 1)) % members;
    schedule.push_back({now, Kind::send, from, to, {}});
  }
}

}  // namespace

std::vector<Action> make_schedule(std::uint64_t seed, milliseconds duration) {
  Random seeds(seed);
  std::vector<Action> schedule;
  add_disturbances(Dice(seeds.next()), duration, schedule);
  for (std::size_t member = 0; member < members; ++member)
    add_changes(Dice(seeds.next()), member, duration, schedule);
  add_messages(Dice(seeds.next()), duration, schedule);
  // What falls on one millisecond has an order as well, the same everywhere.
  std::ranges::sort(schedule, {}, [](const Action& action) {
    return std::tie(action.at, action.member, action.kind, action.to, action.path);
  });
  return schedule;
}

}  // namespace muster::soak
