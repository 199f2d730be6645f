// What is measured, in which order, and for how long.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/messaging/results.h"
#include "bench/messaging/stint.h"
#include "bench/messaging/ways.h"
#include "tools/measure/cores.h"

namespace muster::bench {

using measure::Cores;

struct Size {
  std::string_view name;
  std::size_t bytes;  ///< 0: the largest message that travels in one packet
};
inline constexpr Size packet_size{"packet", 0};
inline constexpr std::array<Size, 5> ping_sizes{
    {{"8", 8}, {"64", 64}, {"256", 256}, {"1KiB", 1024}, packet_size}};
inline constexpr std::array<Size, 8> rate_sizes{{{"8", 8},
                                                 {"64", 64},
                                                 {"256", 256},
                                                 {"1KiB", 1024},
                                                 packet_size,
                                                 {"8KiB", 8 << 10},
                                                 {"64KiB", 64 << 10},
                                                 {"1MiB", 1 << 20}}};
inline constexpr std::array<Size, 2> path_sizes{{{"64", 64}, packet_size}};
inline constexpr std::array<Size, 2> load_sizes{{{"64", 64}, packet_size}};
inline constexpr std::array<Size, 3> loss_sizes{{{"64", 64}, packet_size, {"64KiB", 64 << 10}}};
inline constexpr Size crowd_size{"1KiB", 1024};
/// Of the bare port only: a message with which its frame has 64 bytes.
inline constexpr Size small_frame{"64_byte_frame", 64 - 42};
/// Of the highest rate of the moment.
inline constexpr std::array<int, 3> load_percents{10, 50, 90};

// The names of tasks; what concerns all of a way in a phase is noted under the first.
std::string turn_name(std::string_view phase, std::string_view way);
std::string task_name(std::string_view phase, std::string_view way, const Size& size);
std::string load_name(std::string_view way, const Size& size, int percent);

struct Plan {
  std::size_t rounds;
  std::size_t rounds_again_max;  ///< for those in which the machine changed
  DurationNs warm_ns;
  DurationNs ping_ns;
  DurationNs rate_ns;
  DurationNs load_ns;
};
inline constexpr Plan full_plan{.rounds = 7,
                                .rounds_again_max = 2,
                                .warm_ns = 50'000'000,
                                .ping_ns = 300'000'000,
                                .rate_ns = 250'000'000,
                                .load_ns = 400'000'000};
inline constexpr Plan quick_plan{.rounds = 2,
                                 .rounds_again_max = 0,
                                 .warm_ns = 20'000'000,
                                 .ping_ns = 80'000'000,
                                 .rate_ns = 60'000'000,
                                 .load_ns = 100'000'000};

class Campaign {
 public:
  Campaign(const Plan& plan, Cores cores, Results& results)
      : plan_(plan), cores_(cores), results_(results) {}

  // Each blocks for some minutes, says on standard error how far it is, and notes in the results
  // what could not be measured. Throws Interrupted.
  /// What the bare port and ours cost in one thread.
  void measure_paths();
  void measure_pings();
  /// Highest rates, and latency at shares of them.
  void measure_flows();
  /// What a switch between costs, without and with loss.
  void measure_loss();
  /// Whether many share one fairly.
  void measure_crowd();

 private:
  /// Somebody who takes a turn in each round.
  struct Contestant {
    std::string name;
    std::string note;
    std::function<std::unique_ptr<Stint>()> start;  ///< empty: not installed
  };
  struct Round {
    std::vector<std::pair<std::string, Leg>> legs;  ///< with the names of their tasks
    double line_change = 1;                         ///< the slowest bare line over the fastest
  };
  struct Turn {
    const Contestant& contestant;
    Stint& stint;
    Round& round;
  };
  using Measures = std::function<void(Turn&)>;

  std::vector<Contestant> pairs(std::span<const Way> ways) const;
  void play(const std::string& phase, const std::vector<Contestant>& contestants,
            const Measures& measures);
  Round play_round(const std::string& phase, const std::vector<Contestant>& contestants,
                   const Measures& measures);
  void take_turn(const std::string& phase, const Contestant& contestant, const Measures& measures,
                 Round& round);
  /// Nothing where that size cannot be had.
  const Leg* measure(const std::string& name, Task task, const Size& size, Turn& turn);
  void measure_loads(const Size& size, double messages_per_second, Turn& turn);

  Plan plan_;
  Cores cores_;
  Results& results_;
  std::uint16_t run_ = 0;
};

}  // namespace muster::bench
