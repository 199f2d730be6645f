#include "tests/e2e/soak_cluster.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

namespace muster::soak {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr milliseconds join_limit = seconds(30);
constexpr milliseconds leave_limit = seconds(10);
constexpr milliseconds answer_limit = seconds(5);
/// How long a disturbance may show after its end: a process starts, a member comes back.
constexpr milliseconds aftermath = seconds(3);
/// Who does not run for so long may miss the timers of others.
constexpr milliseconds look_interval{100};

std::size_t index_of(const std::string& name) { return static_cast<std::size_t>(name.at(1) - '0'); }

}  // namespace

Cluster::Cluster(const std::string& program, std::uint64_t seed, Log& log)
    : log_(log), stage_(program, members, {"--seed", std::to_string(seed)}) {}

bool Cluster::join_all() {
  std::set<std::string> all;
  for (std::size_t member = 0; member < members; ++member) {
    start(member);
    all.insert(name(member));
  }
  return listen_until(
      [&] {
        return std::ranges::all_of(lives_, [&](const Process& process) {
          return process.server->members() == all && process.server->synchronized();
        });
      },
      join_limit);
}

void Cluster::set_faults(double loss, double duplicate, double reorder) {
  for (const char* direction : {"in", "out"})
    ask_switch({{"set",
                 {{"loss", loss},
                  {"duplicate", duplicate},
                  {"reorder", reorder},
                  {"reorder_delay_ns", 2'000'000},
                  {"direction", direction}}}});
}

void Cluster::carry_out(const Action& action) {
  using Kind = Action::Kind;
  Process& process = lives_[action.member];
  if (process.ending && action.kind != Kind::start) return;
  switch (action.kind) {
    case Kind::kill:
      begin_ending(action.member, 128 + SIGKILL);
      if (!process.server->members().contains(name(action.member))) ++killed_joining_;
      return signal(action.member, SIGKILL, "SIGKILL");
    case Kind::leave:
      begin_ending(action.member, EXIT_SUCCESS);
      return tell(action.member, "leave");
    case Kind::start:
      end(action.member);
      start(action.member);
      return end_disturbance(action.member);
    case Kind::pause:
      begin_disturbance(action.member);
      return signal(action.member, SIGSTOP, "SIGSTOP");
    case Kind::resume:
      return resume(action.member);
    case Kind::bind:
      return bind(process, action.member, action.path);
    case Kind::withdraw:
      process.names.erase(action.path);
      return tell(action.member, "withdraw " + action.path);
    case Kind::send:
      return send(action.member, action.to);
  }
}

void Cluster::start(std::size_t member) {
  Process& process = lives_[member];
  process = {.number = process.number + 1, .ending = {}, .names = {}};
  process.server =
      &stage_.start(name(member), {"--mode", inline_member(member) ? "inline" : "pipelined"});
  log_.note(member, '!', fmt::format("start, process {}", process.server->process().id()));
}

void Cluster::begin_ending(std::size_t member, int status) {
  begin_disturbance(member);
  stage_.may_end(name(member));
  lives_[member].ending = status;
}

/// Waits for the end of a process that was killed or told to leave, and hears its last words.
void Cluster::end(std::size_t member) {
  lab::Server& server = *lives_[member].server;
  const auto ended = [&] { return server.process().ended().has_value(); };
  if (!listen_until(ended, leave_limit))
    mistakes_.push_back(fmt::format("member {} did not end when it was told to leave", member));
  server.listen();
  hear_all();
  const int status = server.process().ended().value_or(-1);
  if (status != lives_[member].ending)
    mistakes_.push_back(fmt::format("member {} ended with status {}", member, status));
  starvation_.forget(server.process().id());
  lives_[member].server = nullptr;
  stage_.remove(name(member));
}

void Cluster::tell(std::size_t member, const std::string& command) {
  log_.note(member, '>', command);
  lives_[member].server->tell(command);
}

/// Every value names the process that bound it: one of an earlier life would be seen.
void Cluster::bind(Process& process, std::size_t member, const std::string& path) {
  const std::uint32_t count = ++process.binds;
  std::string value =
      fmt::format("{}.{}.{}", member, process.number, count) + std::string(count * 13 % 200, '.');
  tell(member, fmt::format("advertise {} {}", path, value));
  process.names[path] = std::move(value);
}

void Cluster::send(std::size_t from, std::size_t to) {
  tell(from, fmt::format("send {} {}", name(to), streams_.next(life(from), to)));
}

void Cluster::signal(std::size_t member, int number, const char* name) {
  log_.note(member, '!', name);
  lives_[member].server->process().signal(number);
}

void Cluster::hear_all() {
  watch_for_starvation();
  for (std::size_t member = 0; member < members; ++member) {
    if (lives_[member].server == nullptr) continue;
    for (const json& event : lives_[member].server->take_events()) {
      log_.note(member, '<', event.dump());
      hear(member, event);
    }
  }
}

void Cluster::hear(std::size_t member, const json& event) {
  const std::string kind = event["event"];
  if (kind == "message") {
    streams_.heard(life(member), event["incarnation"], event["self"], event["text"]);
  } else if (kind == "unsent") {
    streams_.refused(event["text"]);
  } else if (kind == "undelivered") {
    const std::size_t to = index_of(event["member"]);
    streams_.undelivered(life(member), to, event["messages"]);
    if (!disturbed(member) && !disturbed(to))
      mistakes_.push_back(fmt::format(
          "member {} reports {} messages to {} as undelivered, and both were left alone", member,
          event["messages"].get<std::size_t>(), to));
  } else if (kind == "removed") {
    hear_removed(member, event);
  } else if (kind == "error") {
    mistakes_.push_back(fmt::format("member {}: {}", member, event["message"].get<std::string>()));
  }
}

void Cluster::hear_removed(std::size_t member, const json& event) {
  const std::size_t other = index_of(event["member"]);
  const std::string reason = event["reason"];
  ++removals_[reason];
  if (!disturbed(member) && !disturbed(other))
    mistakes_.push_back(
        fmt::format("at {:.3f} s member {} removed {} ({}), and both were left alone",
                    stage_.seconds(), member, other, reason));
}

/// A pause that is tolerated is no disturbance.
void Cluster::resume(std::size_t member) {
  signal(member, SIGCONT, "SIGCONT");
  end_disturbance(member);
  const Disturbance& pause = disturbances_[member].back();
  if (*pause.end - pause.begin <= pause_tolerated) disturbances_[member].pop_back();
}

/// Where we ourselves are late, nobody knows how the others fared.
void Cluster::watch_for_starvation() {
  const auto now = Clock::now();
  if (now - looked_ < look_interval) return;
  const bool everybody =
      starvation_.since_last_look(stage_.fabric().id()) || now - looked_ > 2 * look_interval;
  looked_ = now;
  for (std::size_t member = 0; member < members; ++member) {
    lab::Server* server = lives_[member].server;
    const bool starved = server != nullptr && starvation_.since_last_look(server->process().id());
    if (everybody || (starved && !disturbed(member))) ++starvations_;
    if (everybody || starved) starved_[member] = now;
  }
}

bool Cluster::disturbed(std::size_t member) const {
  const auto now = Clock::now();
  if (starved_[member] + aftermath > now) return true;
  return std::ranges::any_of(disturbances_[member], [&](const Disturbance& disturbance) {
    return !disturbance.end || *disturbance.end + aftermath > now;
  });
}

std::array<json, members> Cluster::ask_all(const std::string& command) {
  for (std::size_t member = 0; member < members; ++member) {
    lives_[member].server->forget(command);
    tell(member, command);
  }
  const auto answered = [&] {
    return std::ranges::none_of(
        lives_, [&](const Process& process) { return process.server->last(command).is_null(); });
  };
  listen_until(answered, answer_limit);
  std::array<json, members> answers;
  for (std::size_t member = 0; member < members; ++member)
    answers[member] = lives_[member].server->last(command);
  return answers;
}

json Cluster::expected_tree() const {
  json tree = json::object();
  for (std::size_t member = 0; member < members; ++member)
    for (const auto& [path, value] : lives_[member].names) tree[path][name(member)] = value;
  return tree;
}

}  // namespace muster::soak
