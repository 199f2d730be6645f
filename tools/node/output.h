// What `muster node` says: each event is a JSON object, printed as it is or as a sentence.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace muster::node_command {

using nlohmann::ordered_json;

class Output {
 public:
  explicit Output(bool json) : json_(json) {}

  /// One line, at once. `event` has a field "event" that says what it is.
  void say(const ordered_json& event) const;
  /// {"event": "error", "message": …}: what was asked for could not be done.
  void complain(const std::string& message) const;

 private:
  bool json_;
};

/// An event as a sentence for people.
std::string sentence(const ordered_json& event);

}  // namespace muster::node_command
