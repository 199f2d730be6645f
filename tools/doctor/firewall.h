// What the kernel lets in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::doctor {

/// Chains for incoming packets that drop what no rule lets in, where no rule names the UDP port.
struct Firewall {
  std::vector<std::string> closed_chains{};  ///< "inet filter input"
};

/// From what `nft -j list ruleset` prints; nothing where that is no such list. It may err: a rule
/// can let a port in without naming it.
std::optional<Firewall> read_firewall(const std::string& ruleset, std::uint16_t port);

/// Asks `nft`. Nothing where it is not installed, or may not be asked.
std::optional<Firewall> ask_firewall(std::uint16_t port);

}  // namespace muster::doctor
