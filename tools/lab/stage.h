// The switch, the servers, and waiting for what they do.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tools/lab/server.h"
#include "tools/lab/temporary_folder.h"

namespace muster::lab {

class Stage {
 public:
  /// Starts the switch with `ports` ports in a folder of its own; `options` are further ones of
  /// `muster fabric`. `program` is the muster command.
  Stage(std::string program, std::size_t ports, const std::vector<std::string>& options = {});
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Starts a server at the next free port, or where one of that name was before; `options` are
  /// further ones of `muster node`, and `member` is what it calls itself, if not by that name.
  Server& start(const std::string& name, const std::vector<std::string>& options = {},
                const std::string& member = "");
  /// The same of a program that takes --name, --cluster, --device and --address as `muster node`
  /// does, with these arguments before them.
  Server& start(const std::vector<std::string>& program, const std::string& name,
                const std::vector<std::string>& options = {}, const std::string& member = "");
  /// The options of the next free port, or of the one that `name` has.
  std::vector<std::string> port_of(const std::string& name);
  Server& server(const std::string& name);
  /// In the order in which they were started; without those that were removed.
  const std::vector<std::unique_ptr<Server>>& servers() const { return servers_; }
  /// Kills what is left of it, and forgets it.
  void remove(const std::string& name);

  /// Listens until `done()`; returns the milliseconds that it took, or nothing after `limit`.
  /// Throws StartError when a server or the switch ends unasked.
  std::optional<double> wait(const std::function<bool()>& done,
                             std::chrono::milliseconds limit = std::chrono::seconds(5));
  /// Seconds since the stage was built.
  double seconds() const;
  /// Asks the switch (see `muster fabric --help`).
  nlohmann::json ask_switch(const nlohmann::json& request);
  /// Ends the switch, so that its capture is complete.
  void close();
  Process& fabric() { return *switch_; }

  /// wait() does not mind its end from now on.
  void may_end(const std::string& name) { leaving_.insert(name); }
  void fabric_may_end() { fabric_may_end_ = true; }

 private:
  void check_alive();

  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  TemporaryFolder folder_;
  std::string program_;
  std::unique_ptr<Process> switch_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::set<std::string> leaving_;
  bool fabric_may_end_ = false;
  std::map<std::string, std::size_t> ports_;
};

}  // namespace muster::lab
