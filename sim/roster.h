// The servers of a simulated cluster: number, name, identity, address.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "cluster/types.h"

namespace muster::sim {

class Roster {
 public:
  explicit Roster(std::size_t servers) {
    for (std::size_t i = 0; i < servers; ++i) {
      names_.push_back(fmt::format("m{}", i));
      ids_.push_back(member_id(names_.back()));
      servers_[ids_.back()] = i;
    }
  }

  std::size_t size() const { return ids_.size(); }
  const std::string& name(std::size_t server) const { return names_[server]; }
  MemberId id(std::size_t server) const { return ids_[server]; }
  Endpoint endpoint(std::size_t server) const {
    return {first_address + static_cast<std::uint32_t>(server), port};
  }
  Endpoint group() const { return {0xef4d5354, port}; }
  std::uint64_t cluster() const { return cluster_; }

  std::optional<std::size_t> find(MemberId id) const {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return std::nullopt;
    return found->second;
  }
  std::optional<std::size_t> find(const Endpoint& at) const {
    if (at.port != port || at.address - first_address >= ids_.size()) return std::nullopt;
    return at.address - first_address;
  }

 private:
  static constexpr std::uint32_t first_address = 0x0a4d0001;  // 10.77.0.1
  static constexpr std::uint16_t port = 7777;

  std::vector<std::string> names_;
  std::vector<MemberId> ids_;
  std::unordered_map<MemberId, std::size_t> servers_;
  std::uint64_t cluster_ = cluster_id("simulated");
};

}  // namespace muster::sim
