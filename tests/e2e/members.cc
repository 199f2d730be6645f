#include "tests/e2e/members.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

namespace muster::e2e {

using lab::Server;

void Members::start(const std::string& name, const std::vector<std::string>& options,
                    const std::vector<std::string>& behind) {
  std::vector<std::string> command = behind;
  const auto add = [&](const std::vector<std::string>& words) {
    command.insert(command.end(), words.begin(), words.end());
  };
  add({std::getenv("MUSTER"), "node", "--json", "--preset", preset_, "--cluster", "lab"});
  add({"--name", name, "--serve", "/" + name});
  add(options);
  run(name, command);
}

void Members::run(const std::string& name, const std::vector<std::string>& command) {
  commands_[name] = command;
  drop(name);
  servers_[name] = std::make_unique<Server>(name, 0, command);
}

bool Members::all_see_all() const {
  std::set<std::string> names;
  for (const auto& [name, server] : servers_) names.insert(name);
  std::set<std::string> owners;
  const auto& tree = servers_.begin()->second->tree();
  for (const auto& [path, owned_by] : tree) owners.insert(owned_by.begin(), owned_by.end());
  return owners == names && std::ranges::all_of(servers_, [&](const auto& member) {
           const auto& [name, server] = member;
           return server->members() == names && server->tree() == tree;
         });
}

std::string Members::views() const {
  std::string views;
  for (const auto& [name, server] : servers_)
    views += fmt::format("{} sees {}, and {} names\n", name, fmt::join(server->members(), ", "),
                         server->tree().size());
  return views;
}

std::string Members::removed(const std::string& name) const {
  std::set<std::string> reasons;
  for (const auto& [other, server] : servers_) {
    const nlohmann::json& event = server->last("removed");
    const bool it = !event.is_null() && event.value("member", "") == name;
    if (other != name) reasons.insert(it ? event.value("reason", "") : "");
  }
  return reasons.size() == 1 ? *reasons.begin() : "";
}

void Members::forget(const std::string& event) {
  for (const auto& [name, server] : servers_) server->forget(event);
}

bool Members::wait(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    const bool failed = std::ranges::any_of(
        servers_, [](const auto& member) { return member.second->process().ended() > 0; });
    if (failed || std::chrono::steady_clock::now() > deadline) return false;
    std::vector<pollfd> waiting;
    for (const auto& [name, server] : servers_)
      waiting.push_back({server->process().output(), POLLIN, 0});
    poll(waiting.data(), waiting.size(), 2);
    for (const auto& [name, server] : servers_) server->listen();
  }
  return true;
}

nlohmann::json Members::answer(Server& server, const std::string& command,
                               const std::string& event) {
  server.forget(event);
  server.tell(command);
  EXPECT_TRUE(wait([&] { return !server.last(event).is_null(); }))
      << server.name() << ": " << command.substr(0, 80);
  return server.last(event);
}

void Members::talk(int pings, std::size_t call_bytes) {
  const std::string text(call_bytes, 'x');
  for (const auto& [name, from] : servers_) {
    for (const auto& [to, server] : servers_) {
      if (to == name) continue;
      const auto pinged = answer(*from, fmt::format("ping {} {}", to, pings), "pinged");
      EXPECT_EQ(pinged.value("count", 0), pings) << name << " and " << to;
      const auto response = answer(*from, fmt::format("call /{} {}", to, text), "response");
      EXPECT_EQ(response.value("outcome", ""), "ok") << name << " and " << to;
      EXPECT_EQ(response.value("text", ""), text);
    }
  }
  for (const auto& [name, server] : servers_) {
    const auto transport = answer(*server, "stats", "stats")["transport"];
    for (const char* fault : {"bad_checksum", "malformed", "fragments", "address_conflicts"})
      EXPECT_EQ(transport.value(fault, 0), 0) << name << ": " << fault;
  }
}

void Members::kill(const std::string& name) {
  drop(name);
  EXPECT_TRUE(wait([&] { return removed(name) == "died"; })) << name << '\n' << views();
}

void Members::leave(const std::string& name) {
  at(name).process().signal(SIGTERM);
  EXPECT_TRUE(wait([&] { return at(name).process().ended() == 0; })) << name;
  EXPECT_TRUE(wait([&] { return removed(name) == "left"; })) << name << '\n' << views();
  drop(name);
}

}  // namespace muster::e2e
