#include "tests/e2e/trials.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace muster::e2e {
namespace {

using lab::Server;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The machine's processors may be slow.
constexpr seconds patience{120};

std::size_t count(const Server& server, const std::string& event, const std::string& member) {
  return static_cast<std::size_t>(std::ranges::count_if(server.events(), [&](const auto& heard) {
    return heard["event"] == event && heard.value("member", "") == member;
  }));
}

bool all_know(const Members& members, const std::string& path, bool known = true) {
  return std::ranges::all_of(members.all(), [&](const auto& member) {
    return member.second->tree().contains(path) == known;
  });
}

void expect_all_see_all(Members& members) {
  EXPECT_TRUE(members.wait([&] { return members.all_see_all(); }, patience)) << members.views();
}

void advertise(Members& members, const std::string& owner, const std::string& path,
               const std::string& value) {
  members.at(owner).tell(fmt::format("advertise {} {}", path, value));
}

/// What `server` has heard of `path` since its events were taken: its values, and "" for its end.
std::vector<std::string> heard_of(Server& server, const std::string& path) {
  std::vector<std::string> heard;
  for (const auto& event : server.events())
    if (event.value("path", "") == path)
      heard.push_back(event["event"] == "withdrawn" ? "" : event.value("value", ""));
  return heard;
}

}  // namespace

void kill_and_start_again(Members& members, const std::vector<std::string>& names) {
  const auto own_path = [](const std::string& name) { return "/of/" + name; };
  for (const std::string& name : names) advertise(members, name, own_path(name), "here");
  EXPECT_TRUE(members.wait(
      [&] {
        return std::ranges::all_of(
            names, [&](const auto& name) { return all_know(members, own_path(name)); });
      },
      patience));
  for (const auto& [name, server] : members.all()) server->take_events();
  for (const std::string& name : names) members.drop(name);
  std::vector<std::string> survivors;
  for (const auto& [name, server] : members.all()) survivors.push_back(name);
  EXPECT_TRUE(members.wait([&] { return members.all_see_all(); }, patience)) << members.views();
  for (const std::string& name : names) {
    EXPECT_TRUE(all_know(members, own_path(name), false)) << "names of " << name;
    members.start_again(name);
  }
  expect_all_see_all(members);
  for (const std::string& survivor : survivors) {
    for (const std::string& name : names) {
      EXPECT_EQ(count(members.at(survivor), "removed", name), 1U) << survivor;
      EXPECT_EQ(count(members.at(survivor), "joined", name), 1U) << survivor;
    }
    EXPECT_TRUE(std::ranges::all_of(members.at(survivor).events(), [](const auto& heard) {
      return heard["event"] != "removed" || heard["reason"] == "died";
    }));
  }
}

void pause_briefly(Members& members, const std::string& name, DurationNs tolerated_ns,
                   const std::string& from, std::size_t names) {
  const std::chrono::nanoseconds tolerated(tolerated_ns);
  auto paused = tolerated;
  // It is longer where this process is late.
  for (int i = 0; i < 5 && paused >= tolerated; ++i) {
    expect_all_see_all(members);
    members.forget("removed");
    const auto begin = std::chrono::steady_clock::now();
    members.at(name).process().signal(SIGSTOP);
    for (std::size_t n = 0; n < names; ++n)
      advertise(members, from, fmt::format("/{}/missed/{}", from, n), std::to_string(i));
    members.listen_for(std::chrono::duration_cast<milliseconds>(tolerated / 2));
    members.at(name).process().signal(SIGCONT);
    paused = std::chrono::steady_clock::now() - begin;
  }
  EXPECT_LT(paused, tolerated);
  members.listen_for(seconds(1));
  for (const auto& [other, server] : members.all())
    EXPECT_TRUE(server->last("removed").is_null()) << other << " accuses one";
  if (names == 0) return;
  const std::string last = fmt::format("/{}/missed/{}", from, names - 1);
  EXPECT_TRUE(
      members.wait([&] { return all_know(members, last) && members.all_see_all(); }, patience))
      << members.views();
}

void pause_for_too_long(Members& members, const std::string& name) {
  const std::string path = fmt::format("/of/{}", name);
  advertise(members, name, path, "here");
  EXPECT_TRUE(members.wait([&] { return all_know(members, path); }, patience)) << path;
  members.forget("removed");
  members.at(name).process().signal(SIGSTOP);
  EXPECT_TRUE(members.wait([&] { return members.removed(name) == "died"; }, patience))
      << members.views();
  members.at(name).process().signal(SIGCONT);
  expect_all_see_all(members);
  EXPECT_TRUE(all_know(members, path));
  EXPECT_TRUE(members.at(name).last("removed").is_null()) << "who was paused accuses nobody";
}

void change_a_name(Members& members, const std::string& owner) {
  constexpr int values = 20;
  const std::string path = fmt::format("/of/{}/changing", owner);
  for (const auto& [name, server] : members.all()) server->take_events();
  for (int value = 1; value <= values; ++value)
    advertise(members, owner, path, fmt::format("{:03}", value));
  const auto have_heard = [&](const std::string& last) {
    return std::ranges::all_of(members.all(), [&](const auto& member) {
      const auto heard = heard_of(*member.second, path);
      return !heard.empty() && heard.back() == last;
    });
  };
  EXPECT_TRUE(members.wait([&] { return have_heard(fmt::format("{:03}", values)); }, patience));
  members.at(owner).tell("withdraw " + path);
  EXPECT_TRUE(members.wait([&] { return have_heard(""); }, patience));
  for (const auto& [name, server] : members.all()) {
    auto heard = heard_of(*server, path);
    heard.pop_back();
    EXPECT_TRUE(std::ranges::is_sorted(heard))
        << name << " hears " << fmt::format("{}", fmt::join(heard, " "));
    EXPECT_EQ(std::ranges::adjacent_find(heard), heard.end()) << name << " hears one twice";
  }
  expect_all_see_all(members);
}

void start_a_second_one(Members& members, const std::string& name,
                        const std::vector<std::string>& options) {
  std::vector<std::string> command = {std::getenv("MUSTER"), "node", "--json", "--preset", "wan",
                                      "--cluster",           "lab",  "--name", name};
  command.insert(command.end(), options.begin(), options.end());
  members.forget("removed");
  // It listens for long enough to be told, however late the others are.
  Server second(name, 0, command);
  EXPECT_TRUE(members.wait(
      [&] {
        second.listen();
        return second.process().ended().has_value();
      },
      patience));
  EXPECT_EQ(second.process().ended().value_or(-1), 1);
  for (const auto& [other, server] : members.all())
    EXPECT_TRUE(server->last("removed").is_null()) << other;
  expect_all_see_all(members);
}

}  // namespace muster::e2e
