#include "tools/demo/scenario.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <signal.h>

#include "tools/demo/view.h"

namespace muster::demo {
namespace {

constexpr int pings = 1000;

std::uint64_t count(const nlohmann::json& stats, const char* direction, const char* type) {
  return stats.value(direction, nlohmann::json::object()).value(type, std::uint64_t{0});
}

/// Packets of repairs that a server has received.
std::uint64_t repair_packets(const nlohmann::json& stats) {
  return count(stats, "received", "sync_request") + count(stats, "received", "sync_answer");
}

double us(const nlohmann::json& event, const char* field) { return event.value(field, 0.0) / 1000; }

}  // namespace

void Scenario::play() {
  using Part = void (Scenario::*)();
  for (const Part part : {&Scenario::join, &Scenario::advertise, &Scenario::talk, &Scenario::call,
                          &Scenario::lose_an_advertisement, &Scenario::join_late, &Scenario::kill,
                          &Scenario::leave}) {
    (this->*part)();
    if (!summary_.ok()) return;
    show();
  }
}

void Scenario::join() {
  Step& step =
      begin("three servers join", "Three servers start, each a process with a port of its own.");
  for (const auto* name : {"ann", "bob", "cid"}) stage_.start(name);
  step.ok = expect(
      step, "all_know_all_ms", [&] { return all_see_members({"ann", "bob", "cid"}); },
      "not every server saw the two others");
}

void Scenario::advertise() {
  Step& step = begin("advertisements arrive", "Each advertises what it offers, by one multicast.");
  for (const auto& server : stage_.servers()) {
    server->tell(fmt::format("advertise /db/{} shard-of-{}", server->name(), server->name()));
    server->tell("serve /echo");
  }
  step.ok = expect(
      step, "all_see_all_names_ms",
      [&] {
        return trees_equal() && std::ranges::all_of(stage_.servers(), [](const auto& server) {
                 const auto echo = server->tree().find("/echo");
                 return server->tree().size() == 4 && echo != server->tree().end() &&
                        echo->second.size() == 3;
               });
      },
      "not every server saw the names /db/ann, /db/bob, /db/cid and /echo, the last of all three");
}

void Scenario::talk() {
  Step& step =
      begin("messages",
            fmt::format("ann sends bob {} messages of 64 bytes, each sent back; fewer if that "
                        "takes more than 3 seconds.",
                        pings));
  lab::Server& ann = stage_.server("ann");
  ann.tell(fmt::format("ping bob {}", pings));
  step.ok = expect(
      step, "took_ms", [&] { return !ann.last("pinged").is_null(); },
      "the messages did not all come back");
  if (!step.ok) return;
  step.values["round_trips"] = ann.last("pinged").value("count", 0);
  step.values["round_trip_p50_us"] = us(ann.last("pinged"), "p50_ns");
  step.values["round_trip_p99_us"] = us(ann.last("pinged"), "p99_ns");
}

void Scenario::call() {
  Step& step = begin("a call", "ann calls /echo, which the two others offer.");
  lab::Server& ann = stage_.server("ann");
  ann.tell("call /echo hello");
  const auto& response = [&]() -> const nlohmann::json& { return ann.last("response"); };
  step.ok = expect(step, "took_ms", [&] { return !response().is_null(); }, "no answer came");
  if (!step.ok) return;
  if (response()["outcome"] != "ok" || response()["text"] != "hello") {
    step.ok = false;
    step.reason = "the answer was " + response().dump();
  }
  step.values["round_trip_us"] = us(response(), "round_trip_ns");
}

void Scenario::lose_an_advertisement() {
  Step& step =
      begin("a lost advertisement is repaired",
            "The switch drops ann's next advertisement on its way to cid. cid finds out, asks ann, "
            "and bob hears nothing of it.");
  const std::uint64_t bystander_before = repair_packets(stats("bob"));
  const std::uint64_t requester_before = repair_packets(stats("cid"));
  const auto dropped = stage_.ask_switch(
      {{"drop_next",
        {{"type", "advertisement"}, {"to", stage_.server("cid").port()}, {"count", 1}}}});
  if (!dropped.value("ok", false)) {
    step.reason = "the switch would not drop it: " + dropped.dump();
    return;
  }
  stage_.server("ann").tell("advertise /db/backup of-ann");
  step.ok = expect(
      step, "repaired_ms", [&] { return all_see_name("/db/backup", true); },
      "not every server saw /db/backup");
  const std::uint64_t requester = repair_packets(stats("cid")) - requester_before;
  const std::uint64_t bystander = repair_packets(stats("bob")) - bystander_before;
  step.values["requester_received_packets"] = requester;
  step.values["bystander_received_packets"] = bystander;
  if (step.ok && (requester == 0 || bystander != 0)) {
    step.ok = false;
    step.reason = "the repair was to reach cid, and cid alone";
  }
}

void Scenario::join_late() {
  Step& step = begin("a late server catches up",
                     "dan joins late: it asks one member for everything, point to point.");
  const std::uint64_t bystanders_before =
      repair_packets(stats("bob")) + repair_packets(stats("cid")) + repair_packets(stats("ann"));
  lab::Server& dan = stage_.start("dan");
  step.ok = expect(
      step, "caught_up_ms",
      [&] {
        return dan.synchronized() && trees_equal() && all_see_members({"ann", "bob", "cid", "dan"});
      },
      "dan did not come to hold all names");
  step.values["names"] = dan.tree().size();
  step.values["answers_received"] = count(stats("dan"), "received", "sync_answer");
  step.values["requests_to_all_others"] = repair_packets(stats("bob")) +
                                          repair_packets(stats("cid")) +
                                          repair_packets(stats("ann")) - bystanders_before;
}

void Scenario::kill() {
  Step& step = begin("a killed server vanishes",
                     "bob is killed with SIGKILL. The others notice by themselves.");
  stage_.server("bob").process().signal(SIGKILL);
  stage_.remove("bob");
  step.ok = expect(
      step, "all_know_ms",
      [&] { return all_see_members({"ann", "cid", "dan"}) && all_see_name("/db/bob", false); },
      "bob, or its names, did not vanish everywhere");
}

void Scenario::leave() {
  Step& step =
      begin("a clean leave", "cid leaves: it says so, and nobody has to wait for silence.");
  stage_.may_end("cid");
  lab::Process& process = stage_.server("cid").process();
  stage_.server("cid").tell("leave");
  std::vector<const lab::Server*> others = {&stage_.server("ann"), &stage_.server("dan")};
  step.ok = expect(
                step, "all_know_ms",
                [&] {
                  return std::ranges::all_of(others, [](const lab::Server* server) {
                    return server->members() == std::set<std::string>{"ann", "dan"} &&
                           !server->tree().contains("/db/cid");
                  });
                },
                "cid, or its names, did not vanish everywhere") &&
            stage_.wait([&] { return process.ended().has_value(); }).has_value();
  if (step.ok && process.ended() != 0) {
    step.ok = false;
    step.reason = fmt::format("cid ended with status {}", *process.ended());
  }
  if (step.ok) stage_.remove("cid");
}

Step& Scenario::begin(const std::string& name, const std::string& says) {
  fmt::print("\n[{:5.2f} s] {}\n", stage_.seconds(), says);
  std::fflush(stdout);
  summary_.steps.push_back({.name = name, .ok = false, .reason = "", .values = {}});
  return summary_.steps.back();
}

bool Scenario::expect(Step& step, const std::string& measured, const std::function<bool()>& done,
                      const std::string& otherwise) {
  const auto took_ms = stage_.wait(done);
  if (!took_ms) {
    step.reason = otherwise;
    return false;
  }
  step.values[measured] = std::round(*took_ms * 10) / 10;
  return true;
}

void Scenario::show() {
  const Step& step = summary_.steps.back();
  for (const auto& [key, value] : step.values.items()) fmt::print("    {} {}\n", key, value.dump());
  fmt::print("{}", view(stage_));
  std::fflush(stdout);
}

bool Scenario::all_see_members(const std::vector<std::string>& names) const {
  const std::set<std::string> wanted(names.begin(), names.end());
  return std::ranges::all_of(stage_.servers(),
                             [&](const auto& server) { return server->members() == wanted; });
}

bool Scenario::all_see_name(const std::string& path, bool bound) const {
  return std::ranges::all_of(
      stage_.servers(), [&](const auto& server) { return server->tree().contains(path) == bound; });
}

bool Scenario::trees_equal() const {
  return std::ranges::all_of(stage_.servers(), [&](const auto& server) {
    return server->tree() == stage_.servers().front()->tree();
  });
}

nlohmann::json Scenario::stats(const std::string& name) {
  lab::Server& server = stage_.server(name);
  server.forget("stats");
  server.tell("stats");
  stage_.wait([&] { return !server.last("stats").is_null(); });
  return server.last("stats");
}

}  // namespace muster::demo
