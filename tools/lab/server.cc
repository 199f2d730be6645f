#include "tools/lab/server.h"

namespace muster::lab {

using nlohmann::json;

void Server::listen() {
  for (const std::string& line : process_.read_lines()) {
    const json event = json::parse(line, nullptr, false);
    if (event.is_object() && event.contains("event")) hear(event);
  }
}

void Server::hear(const json& event) {
  const std::string kind = event["event"];
  if (kind == "standing" && event["standing"] == "member") {
    members_.insert(name_);
  } else if (kind == "joined") {
    members_.insert(event["member"]);
  } else if (kind == "removed") {
    members_.erase(event["member"]);
  } else if (kind == "bound") {
    tree_[event["path"]].insert(event["owner"]);
  } else if (kind == "withdrawn") {
    const auto name = tree_.find(event["path"]);
    if (name != tree_.end()) {
      name->second.erase(event["owner"]);
      if (name->second.empty()) tree_.erase(name);
    }
  } else if (kind == "synchronized") {
    synchronized_ = true;
  }
  last_[kind] = event;
  events_.push_back(event);
}

const json& Server::last(const std::string& event) const {
  static const json none;
  const auto found = last_.find(event);
  return found == last_.end() ? none : found->second;
}

}  // namespace muster::lab
