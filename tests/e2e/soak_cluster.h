// Eight members and their switch as a soak drives them, and what each must hold in the end.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/soak_footprint.h"
#include "tests/e2e/soak_log.h"
#include "tests/e2e/soak_schedule.h"
#include "tests/e2e/soak_starvation.h"
#include "tests/e2e/soak_streams.h"
#include "tools/lab/stage.h"

namespace muster::soak {

class Cluster {
 public:
  Cluster(const std::string& program, std::uint64_t seed, Log& log);

  /// Starts every member; false when they do not find each other in time.
  bool join_all();
  /// Frames lost on their way into the switch and on their way out of it, doubled, reordered.
  void set_faults(double loss, double duplicate, double reorder);
  void carry_out(const Action& action);
  /// Takes in what is said until `done()`; false when that takes longer than `limit`.
  template <class Done>
  bool listen_until(Done&& done, milliseconds limit) {
    return stage_.wait([&] { return hear_all(), done(); }, limit).has_value();
  }
  void listen_for(milliseconds time) {
    listen_until([] { return false; }, time);
  }

  /// Asks every member, and returns the answers, each in the place of its member; null where none
  /// comes. The answer is an event of the command's name.
  std::array<nlohmann::json, members> ask_all(const std::string& command);
  nlohmann::json ask_switch(const nlohmann::json& request) { return stage_.ask_switch(request); }
  void send(std::size_t from, std::size_t to);

  static std::string name(std::size_t member) { return std::string("m") + char('0' + member); }
  static bool inline_member(std::size_t member) { return member % 2 == 1; }
  Footprint footprint_of(std::size_t member) {
    return footprint(lives_[member].server->process().id());
  }
  Footprint footprint_of_switch() { return footprint(stage_.fabric().id()); }
  Life life(std::size_t member) const { return {member, lives_[member].number}; }
  /// The naming tree as it must be: path -> owner -> value.
  nlohmann::json expected_tree() const;
  const Streams& streams() const { return streams_; }
  /// What must not have happened.
  const std::vector<std::string>& mistakes() const { return mistakes_; }
  /// Members that were killed before they had joined.
  std::size_t killed_joining() const { return killed_joining_; }
  /// How often a member, or all with the switch, got no core for a tenth of a second.
  std::size_t starvations() const { return starvations_; }
  /// Removals, by reason, as all members told them.
  const std::map<std::string, std::size_t>& removals() const { return removals_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// A member's present process.
  struct Process {
    lab::Server* server = nullptr;  ///< none while it is away
    std::uint32_t number = 0;
    /// It was killed, or told to leave: does nothing more, and shall end with this status.
    std::optional<int> ending;
    std::map<std::string, std::string> names;  ///< as it was told to bind them
    std::uint32_t binds = 0;
  };
  /// A time during which others may take a member for dead, or it may lose its place.
  struct Disturbance {
    Clock::time_point begin;
    std::optional<Clock::time_point> end;
  };

  void start(std::size_t member);
  void begin_ending(std::size_t member, int status);
  void end(std::size_t member);
  void tell(std::size_t member, const std::string& command);
  void bind(Process& process, std::size_t member, const std::string& path);
  void resume(std::size_t member);
  void signal(std::size_t member, int number, const char* name);
  void hear_all();
  void hear(std::size_t member, const nlohmann::json& event);
  void hear_removed(std::size_t member, const nlohmann::json& event);
  void begin_disturbance(std::size_t member) {
    disturbances_[member].push_back({Clock::now(), {}});
  }
  void end_disturbance(std::size_t member) { disturbances_[member].back().end = Clock::now(); }
  void watch_for_starvation();
  /// Is there a reason to take it for dead?
  bool disturbed(std::size_t member) const;

  Log& log_;
  lab::Stage stage_;
  std::array<Process, members> lives_;
  std::array<std::vector<Disturbance>, members> disturbances_;
  std::array<Clock::time_point, members> starved_{};  ///< when that was seen last
  Starvation starvation_;
  Clock::time_point looked_ = Clock::now();
  std::size_t starvations_ = 0;
  std::size_t killed_joining_ = 0;
  Streams streams_;
  std::vector<std::string> mistakes_;
  std::map<std::string, std::size_t> removals_;
};

}  // namespace muster::soak
