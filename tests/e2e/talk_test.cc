// Four real processes on two cores, over memif and the virtual switch, send each other on three
// channels as much as they take, while frames are lost, doubled and reordered, two of them are
// killed again and again and all are paused. Every byte is checked by who receives it, and in the
// end everything that was accepted has been heard once and in order, or was reported.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster/random.h"
#include "tools/lab/stage.h"

namespace muster::talk {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using Range = std::pair<std::uint64_t, std::uint64_t>;

/// The first two are paused, and never killed.
constexpr std::size_t talkers = 4;
constexpr std::size_t veterans = 2;

std::uint64_t from_environment(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

/// The part of `wanted` that no range of `told` covers, as text.
std::string uncovered(Range wanted, std::vector<Range> told) {
  std::ranges::sort(told);
  for (const auto& [first, last] : told)
    if (first <= wanted.first) wanted.first = std::max(wanted.first, last + 1);
  if (wanted.first > wanted.second) return "";
  return fmt::format("{} to {}", wanted.first, wanted.second);
}

/// What a receiver lacks of a stream of which so many were accepted.
std::vector<Range> missing(const json& heard, std::uint64_t accepted) {
  if (heard.is_null()) return {{1, accepted}};
  std::vector<Range> ranges = heard["gaps"];
  ranges.emplace_back(1, heard["first"].get<std::uint64_t>() - 1);
  ranges.emplace_back(heard["last"].get<std::uint64_t>() + 1, accepted);
  return ranges;
}

class Talk {
 public:
  explicit Talk(std::uint64_t seed)
      : dice_(seed),
        stage_(std::getenv("MUSTER"), talkers, {"--seed", std::to_string(seed)}),
        talker_(std::getenv("MUSTER_TALKER")) {}

  bool begin() {
    for (std::size_t i = 0; i < talkers; ++i) start(i);
    return stage_.wait([this] { return everybody_knows_everybody(); }, seconds(30)).has_value();
  }

  void set_faults(double loss, double duplicate, double reorder) {
    for (const char* direction : {"in", "out"})
      stage_.ask_switch({{"set",
                          {{"loss", loss},
                           {"duplicate", duplicate},
                           {"reorder", reorder},
                           {"reorder_delay_ns", 500'000},
                           {"direction", direction}}}});
  }

  /// Kills, pauses and lets alone, one after the other.
  void disturb(Clock::duration length) {
    const auto end = Clock::now() + length;
    while (Clock::now() < end) {
      listen_for(500, 2000);
      const std::size_t victim = dice_.below(talkers);
      if (victim >= veterans && dice_.below(2) == 0)
        kill(victim);
      else
        pause(victim);
    }
  }

  /// Nobody sends any more: until everything is accounted for, or it has taken too long.
  std::vector<std::string> settle() {
    for (std::size_t i = 0; i < talkers; ++i) stage_.server(name(i)).tell("quiet");
    const auto end = Clock::now() + seconds(30);
    for (std::vector<std::string> found;;) {
      listen_for(300, 300);
      found = ask_all() ? judge() : std::vector<std::string>{"somebody does not answer"};
      if (found.empty() || Clock::now() > end) return found;
    }
  }

  std::uint64_t total(const char* of) const {
    std::uint64_t sum = 0;
    for (const auto& [name, report] : reports_) sum += report[of].get<std::uint64_t>();
    return sum;
  }
  std::size_t kills() const { return kills_; }
  std::size_t pauses() const { return pauses_; }
  std::size_t streams_checked() const { return streams_checked_; }
  std::uint64_t undelivered() const { return undelivered_; }

 private:
  static std::string name(std::size_t talker) { return fmt::format("t{}", talker); }

  void start(std::size_t talker) {
    stage_.start({talker_}, name(talker), {"--mode", talker % 2 == 0 ? "inline" : "pipelined"});
  }
  void signal(std::size_t talker, int number) {
    stage_.server(name(talker)).process().signal(number);
  }
  void listen_for(std::uint64_t least_ms, std::uint64_t most_ms) {
    stage_.wait([] { return false; }, milliseconds(least_ms + dice_.below(most_ms - least_ms + 1)));
  }

  void kill(std::size_t victim) {
    ++kills_;
    stage_.may_end(name(victim));
    signal(victim, SIGKILL);
    listen_for(50, 1200);
    stage_.remove(name(victim));
    start(victim);
  }
  void pause(std::size_t victim) {
    ++pauses_;
    signal(victim, SIGSTOP);
    listen_for(20, 1500);
    signal(victim, SIGCONT);
  }

  bool ask_all() {
    for (std::size_t i = 0; i < talkers; ++i) {
      stage_.server(name(i)).forget("report");
      stage_.server(name(i)).tell("report");
    }
    const bool all = stage_
                         .wait(
                             [this] {
                               return std::ranges::none_of(stage_.servers(), [](const auto& one) {
                                 return one->last("report").is_null();
                               });
                             },
                             seconds(5))
                         .has_value();
    for (const auto& server : stage_.servers()) {
      reports_[server->name()] = server->last("report");
      server->take_events();
    }
    return all;
  }
  bool everybody_knows_everybody() {
    return ask_all() && std::ranges::all_of(reports_, [](const auto& report) {
             return report.second["members"] == talkers;
           });
  }

  /// Streams to a process that was killed are nobody's to check.
  std::vector<std::string> judge() {
    std::vector<std::string> found;
    streams_checked_ = 0;
    undelivered_ = 0;
    if (!everybody_knows(reports_)) found.emplace_back("not all are members again");
    for (const auto& [sender, report] : reports_) {
      for (const json& mistake : report["mistakes"])
        found.push_back(sender + ": " + mistake.get<std::string>());
      for (const json& sent : report["sent"]) judge(sender, sent, found);
    }
    return found;
  }
  static bool everybody_knows(const std::map<std::string, json>& reports) {
    return std::ranges::all_of(
        reports, [](const auto& report) { return report.second["members"] == talkers; });
  }

  void judge(const std::string& sender, const json& sent, std::vector<std::string>& found) {
    const std::string to = sent["to"];
    const json& all_heard = reports_.at(to)["heard"];
    const auto at = std::ranges::find(all_heard, sent["stream"],
                                      [](const json& heard) { return heard["stream"]; });
    const json heard = at == all_heard.end() ? json() : *at;
    const bool veteran = to < name(veterans);
    if (heard.is_null() && !veteran) return;
    ++streams_checked_;
    const std::vector<Range> told = sent["undelivered"];
    for (const auto& [first, last] : told) undelivered_ += last - first + 1;
    const std::uint64_t accepted = sent["accepted"];
    if (!heard.is_null() && heard["last"].get<std::uint64_t>() > accepted)
      found.push_back(fmt::format("{} heard more than {} has sent", to, sender));
    for (const Range& range : missing(heard, accepted))
      if (const std::string lost = uncovered(range, told); !lost.empty())
        found.push_back(fmt::format("{} lacks messages {} of {}, of {}, and nobody said so", to,
                                    lost, sender, accepted));
  }

  Random dice_;
  lab::Stage stage_;
  std::string talker_;
  std::map<std::string, json> reports_;
  std::size_t kills_ = 0;
  std::size_t pauses_ = 0;
  std::size_t streams_checked_ = 0;
  std::uint64_t undelivered_ = 0;
};

TEST(Talk, LosesNothingUnsaid) {
  const std::uint64_t seed = from_environment("MUSTER_TALK_SEED", 1);
  Talk talk(seed);
  ASSERT_TRUE(talk.begin()) << "the members did not find each other";
  talk.set_faults(0.005, 0.005, 0.01);
  talk.disturb(seconds(from_environment("MUSTER_TALK_SECONDS", 10)));
  talk.set_faults(0, 0, 0);
  for (const std::string& mistake : talk.settle()) ADD_FAILURE() << mistake << ", seed " << seed;
  EXPECT_GT(talk.streams_checked(), 0U);
  fmt::print(
      "{} messages of {} MB checked to the byte, by processes that live; {} kills, {} pauses; {} "
      "streams accounted for, of which {} messages were reported as undelivered\n",
      talk.total("messages"), talk.total("bytes") / 1'000'000, talk.kills(), talk.pauses(),
      talk.streams_checked(), talk.undelivered());
}

}  // namespace
}  // namespace muster::talk
