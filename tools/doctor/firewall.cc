#include "tools/doctor/firewall.h"

#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace muster::doctor {
namespace {

using nlohmann::json;

std::string name_of(const json& chain, const char* name) {
  return fmt::format("{} {} {}", chain.value("family", ""), chain.value("table", ""),
                     chain.value(name, ""));
}

/// Somewhere in a rule: the number itself, or a range around it.
bool names(const json& rule, std::uint16_t port) {
  if (rule.is_number_unsigned()) return rule.get<std::uint64_t>() == port;
  if (rule.is_object() && rule.contains("range") && rule["range"].size() == 2 &&
      rule["range"][0].is_number() && rule["range"][1].is_number())
    return rule["range"][0] <= port && port <= rule["range"][1];
  if (!rule.is_structured()) return false;
  for (const json& part : rule)
    if (names(part, port)) return true;
  return false;
}

}  // namespace

std::optional<Firewall> read_firewall(const std::string& ruleset, std::uint16_t port) {
  const json list = json::parse(ruleset, nullptr, false);
  if (!list.is_object() || !list.contains("nftables") || !list["nftables"].is_array())
    return std::nullopt;
  Firewall firewall;
  for (const json& entry : list["nftables"])
    if (const json chain = entry.value("chain", json::object());
        chain.value("hook", "") == "input" && chain.value("policy", "") == "drop")
      firewall.closed_chains.push_back(name_of(chain, "name"));
  for (const json& entry : list["nftables"])
    if (const json rule = entry.value("rule", json::object());
        names(rule.value("expr", json::array()), port))
      std::erase(firewall.closed_chains, name_of(rule, "chain"));
  return firewall;
}

std::optional<Firewall> ask_firewall(std::uint16_t port) {
  const std::unique_ptr<FILE, int (*)(FILE*)> nft(
      popen("PATH=$PATH:/usr/sbin:/sbin nft -j list ruleset 2>/dev/null", "re"), pclose);
  if (nft == nullptr) return std::nullopt;
  std::string ruleset;
  std::array<char, 4096> part;
  while (const std::size_t read = fread(part.data(), 1, part.size(), nft.get()))
    ruleset.append(part.data(), read);
  return read_firewall(ruleset, port);
}

}  // namespace muster::doctor
