#include "tests/e2e/talk.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <signal.h>

namespace muster::talk {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
/// The messages from the first to the second.
using Range = std::pair<std::uint64_t, std::uint64_t>;

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

}  // namespace

Talk::Talk(std::uint64_t seed, std::vector<Talker> talkers, std::chrono::seconds patience)
    : dice_(seed), talkers_(std::move(talkers)), patience_(patience) {}

std::string Talk::name(std::size_t talker) { return fmt::format("t{}", talker); }

void Talk::start(std::size_t talker) {
  std::vector<std::string> command = talkers_[talker].arguments;
  command.insert(command.begin(), std::getenv("MUSTER_TALKER"));
  command.insert(command.end(), {"--name", name(talker), "--cluster", "lab", "--mode",
                                 talker % 2 == 0 ? "inline" : "pipelined"});
  members_.run(name(talker), command);
}

bool Talk::begin() {
  for (std::size_t i = 0; i < talkers_.size(); ++i) start(i);
  const auto end = Clock::now() + patience_;
  while (!(ask_all() && everybody_knows_everybody())) {
    if (Clock::now() > end) return false;
    listen_for(50, 50);
  }
  return true;
}

void Talk::listen_for(std::uint64_t least_ms, std::uint64_t most_ms) {
  members_.listen_for(milliseconds(least_ms + dice_.below(most_ms - least_ms + 1)));
}

void Talk::kill(std::size_t victim) {
  ++kills_;
  members_.drop(name(victim));
  listen_for(50, 1200);
  start(victim);
}

void Talk::pause(std::size_t victim) {
  ++pauses_;
  members_.at(name(victim)).process().signal(SIGSTOP);
  listen_for(20, 1500);
  members_.at(name(victim)).process().signal(SIGCONT);
}

void Talk::disturb(Clock::duration length) {
  const auto end = Clock::now() + length;
  while (Clock::now() < end) {
    listen_for(500, 2000);
    const std::size_t victim = dice_.below(talkers_.size());
    if (talkers_[victim].may_be_killed && dice_.below(2) == 0)
      kill(victim);
    else
      pause(victim);
  }
}

std::vector<std::string> Talk::settle() {
  for (const auto& [name, server] : members_.all()) server->tell("quiet");
  const auto end = Clock::now() + patience_;
  for (std::vector<std::string> found;;) {
    listen_for(300, 300);
    found = ask_all() ? judge() : std::vector<std::string>{"somebody does not answer"};
    if (found.empty() || Clock::now() > end) return found;
  }
}

bool Talk::ask_all() {
  members_.forget("report");
  for (const auto& [name, server] : members_.all()) server->tell("report");
  const bool all = members_.wait(
      [this] {
        return std::ranges::none_of(members_.all(), [](const auto& member) {
          return member.second->last("report").is_null();
        });
      },
      patience_);
  for (const auto& [name, server] : members_.all()) {
    reports_[name] = server->last("report");
    server->take_events();
  }
  return all;
}

bool Talk::everybody_knows_everybody() const {
  return std::ranges::all_of(
      reports_, [this](const auto& report) { return report.second["members"] == talkers_.size(); });
}

/// Streams to a process that was killed are nobody's to check.
std::vector<std::string> Talk::judge() {
  std::vector<std::string> found;
  streams_checked_ = 0;
  undelivered_ = 0;
  if (!everybody_knows_everybody()) found.emplace_back("not all are members again");
  for (const auto& [sender, report] : reports_) {
    for (const json& mistake : report["mistakes"])
      found.push_back(sender + ": " + mistake.get<std::string>());
    for (const json& sent : report["sent"]) judge(sender, sent, found);
  }
  return found;
}

void Talk::judge(const std::string& sender, const json& sent, std::vector<std::string>& found) {
  const std::string to = sent["to"];
  const json& all_heard = reports_.at(to)["heard"];
  const auto at = std::ranges::find(all_heard, sent["stream"],
                                    [](const json& heard) { return heard["stream"]; });
  const json heard = at == all_heard.end() ? json() : *at;
  const bool mortal = talkers_[std::stoul(to.substr(1))].may_be_killed;
  if (heard.is_null() && mortal) return;
  ++streams_checked_;
  const std::vector<Range> told = sent["undelivered"];
  for (const auto& [first, last] : told) undelivered_ += last - first + 1;
  const std::uint64_t accepted = sent["accepted"];
  if (!heard.is_null() && heard["last"].get<std::uint64_t>() > accepted)
    found.push_back(fmt::format("{} heard more than {} has sent", to, sender));
  for (const Range& range : missing(heard, accepted))
    if (const std::string lost = uncovered(range, told); !lost.empty())
      found.push_back(fmt::format("{} lacks messages {} of {}, of {}, and nobody said so", to, lost,
                                  sender, accepted));
}

std::uint64_t Talk::total(const char* of) const {
  std::uint64_t sum = 0;
  for (const auto& [name, report] : reports_) sum += report[of].get<std::uint64_t>();
  return sum;
}

std::string Talk::summary() const {
  return fmt::format(
      "{} messages of {} MB checked to the byte, by processes that live; {} packets repaired; {} "
      "kills, {} pauses; {} streams accounted for, of which {} messages were reported as "
      "undelivered",
      total("messages"), total("bytes") / 1'000'000, total("retransmitted"), kills_, pauses_,
      streams_checked_, undelivered_);
}

}  // namespace muster::talk
