// One server of a lab: a `muster node` process, and what it has told us so far.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tools/lab/process.h"

namespace muster::lab {

class Server {
 public:
  Server(std::string name, std::size_t port, const std::vector<std::string>& command)
      : name_(std::move(name)), port_(port), process_(command) {}

  const std::string& name() const { return name_; }
  /// Of the switch.
  std::size_t port() const { return port_; }
  Process& process() { return process_; }

  /// Takes in the events that the process has printed since the last call.
  void listen();
  void tell(const std::string& command) { process_.write_line(command); }

  /// Its view of the members, itself included once it is one.
  const std::set<std::string>& members() const { return members_; }
  /// Its view of the naming tree: who binds each name.
  const std::map<std::string, std::set<std::string>>& tree() const { return tree_; }
  bool synchronized() const { return synchronized_; }
  /// The last event of a kind, for answers to what it was told; null before the first.
  const nlohmann::json& last(const std::string& event) const;
  void forget(const std::string& event) { last_.erase(event); }
  /// All it has said, in order, and was not taken.
  const std::vector<nlohmann::json>& events() const { return events_; }
  std::vector<nlohmann::json> take_events() { return std::exchange(events_, {}); }

 private:
  void hear(const nlohmann::json& event);

  std::string name_;
  std::size_t port_;
  Process process_;
  std::set<std::string> members_;
  std::map<std::string, std::set<std::string>> tree_;
  bool synchronized_ = false;
  std::map<std::string, nlohmann::json> last_;
  std::vector<nlohmann::json> events_;
};

}  // namespace muster::lab
