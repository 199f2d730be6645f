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
  explicit Roster(std::size_t servers, bool ipv6 = false)
      : group_{ipv6 ? IpAddress(0xff12'0000'0000'0000, 0x4d53'5354) : IpAddress(0xef4d5354), port},
        first_(ipv6 ? IpAddress(0xfd77'0000'0000'0000, 1) : IpAddress(0x0a4d0001)) {
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
    return {IpAddress(first_.high, first_.low + server), port};
  }
  const Endpoint& group() const { return group_; }
  std::uint64_t cluster() const { return cluster_; }

  std::optional<std::size_t> find(MemberId id) const {
    const auto found = servers_.find(id);
    if (found == servers_.end()) return std::nullopt;
    return found->second;
  }
  std::optional<std::size_t> find(const Endpoint& at) const {
    const std::uint64_t server = at.address.low - first_.low;
    if (at.port != port || at.address.high != first_.high || server >= ids_.size())
      return std::nullopt;
    return server;
  }

 private:
  static constexpr std::uint16_t port = 7777;

  Endpoint group_;
  IpAddress first_;  // fd77::1, or 10.77.0.1
  std::vector<std::string> names_;
  std::vector<MemberId> ids_;
  std::unordered_map<MemberId, std::size_t> servers_;
  std::uint64_t cluster_ = cluster_id("simulated");
};

}  // namespace muster::sim
