// Members that are processes of their own, told what to do by lines and heard by their events; and
// what they must do for each other, whatever they are connected by.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/lab/server.h"

namespace muster::e2e {

class Members {
 public:
  /// With the timers of "wan" nobody is accused for being late.
  explicit Members(std::string preset = "wan") : preset_(std::move(preset)) {}

  /// Starts a member that serves the path "/name"; `options` are further ones of `muster node`.
  /// The command is run behind the words `behind`.
  void start(const std::string& name, const std::vector<std::string>& options,
             const std::vector<std::string>& behind = {});
  /// Starts a member that is another program.
  void run(const std::string& name, const std::vector<std::string>& command);
  /// As it was started last.
  void start_again(const std::string& name) { run(name, std::vector(commands_.at(name))); }
  /// Kills what is left of it, and forgets it.
  void drop(const std::string& name) { servers_.erase(name); }
  lab::Server& at(const std::string& name) { return *servers_.at(name); }
  const std::map<std::string, std::unique_ptr<lab::Server>>& all() const { return servers_; }

  /// Each sees all that there are, and the same names: of all of these, and of nobody else.
  bool all_see_all() const;
  /// What each sees, for a failure.
  std::string views() const;
  /// Why the others have removed `name`; empty while not all of them have, or not for one reason.
  std::string removed(const std::string& name) const;
  /// What all have heard so far is no news any more.
  void forget(const std::string& event);

  /// Listens to all members until `done`; false after `limit`, or when one has failed.
  bool wait(const std::function<bool()>& done,
            std::chrono::milliseconds limit = std::chrono::seconds(30));
  void listen_for(std::chrono::milliseconds time) {
    wait([] { return false; }, time);
  }
  /// The event with which a member answers a command.
  nlohmann::json answer(lab::Server& server, const std::string& command, const std::string& event);

  /// Expects that each of them can ping each other one, so many times, and call it with so many
  /// bytes, and that no port met a damaged frame meanwhile.
  void talk(int pings, std::size_t call_bytes = 1300);
  /// Kills `name`, if it still runs, and expects that the others notice.
  void kill(const std::string& name);
  /// Has `name` leave, and expects that it ends, and that the others are told.
  void leave(const std::string& name);

 private:
  std::string preset_;
  std::map<std::string, std::vector<std::string>> commands_;
  std::map<std::string, std::unique_ptr<lab::Server>> servers_;
};

}  // namespace muster::e2e
