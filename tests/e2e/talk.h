// Processes send each other on three channels as much as they take, while some of them are killed
// again and again and all are paused. Every byte is checked by who receives it, and in the end
// everything that was accepted has been heard once and in order, or was reported.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cluster/random.h"
#include "tests/e2e/members.h"

namespace muster::talk {

/// One of tests/e2e/talker.cc.
struct Talker {
  std::vector<std::string> arguments;  ///< that give it its port
  bool may_be_killed = false;
};

class Talk {
 public:
  Talk(std::uint64_t seed, std::vector<Talker> talkers, std::chrono::seconds patience);

  static std::string name(std::size_t talker);
  /// All find each other.
  bool begin();
  /// Kills, pauses and lets alone, one after the other, as the dice fall.
  void disturb(std::chrono::steady_clock::duration length);
  void kill(std::size_t victim);
  void pause(std::size_t victim);
  void listen_for(std::uint64_t least_ms, std::uint64_t most_ms);
  /// Nobody sends any more: until everything is accounted for, or it has taken too long. What is
  /// wrong then.
  std::vector<std::string> settle();

  /// Of all that now live.
  std::uint64_t total(const char* of) const;
  std::size_t streams_checked() const { return streams_checked_; }
  /// What happened, in a line.
  std::string summary() const;

 private:
  void start(std::size_t talker);
  bool ask_all();
  bool everybody_knows_everybody() const;
  std::vector<std::string> judge();
  void judge(const std::string& sender, const nlohmann::json& sent,
             std::vector<std::string>& found);

  Random dice_;
  std::vector<Talker> talkers_;
  std::chrono::seconds patience_;
  e2e::Members members_;
  std::map<std::string, nlohmann::json> reports_;
  std::size_t kills_ = 0;
  std::size_t pauses_ = 0;
  std::size_t streams_checked_ = 0;
  std::uint64_t undelivered_ = 0;
};

}  // namespace muster::talk
