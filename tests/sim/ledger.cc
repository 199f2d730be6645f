#include "tests/sim/ledger.h"

#include <algorithm>

#include <xxhash.h>

namespace muster::sim {

void ContentHash::add(Version version, std::string_view path, std::span<const std::byte> value) {
  const std::uint64_t head[] = {hash_, version, path.size(), value.size()};
  hash_ = XXH3_64bits_withSeed(path.data(), path.size(), XXH3_64bits(head, sizeof head));
  hash_ = XXH3_64bits_withSeed(value.data(), value.size(), hash_);
}

void Life::bind(std::string_view path, std::span<const std::byte> value) {
  changed({true, std::string(path), {value.begin(), value.end()}});
}

void Life::withdraw(std::string_view path) { changed({false, std::string(path), {}}); }

void Life::changed(Change change) {
  changes_.push_back(std::move(change));
  const Change& latest = changes_.back();
  const auto [entry, added] = by_path_.try_emplace(latest.path, 0);
  by_version_.erase(entry->second);
  entry->second = version();
  if (latest.bound)
    by_version_.emplace(version(), entry->first);
  else
    by_path_.erase(entry);
  ContentHash content;
  for (const auto& [version, path] : by_version_)
    content.add(version, path, changes_[version - 1].value);
  contents_.push_back(content.value());
}

void Ledger::begin(std::size_t server, Incarnation incarnation) {
  lives_[server].emplace_back(incarnation, std::make_shared<Life>());
}

void Ledger::reincarnate(std::size_t server, Incarnation incarnation) {
  lives_[server].emplace_back(incarnation, lives_[server].back().second);
}

const Life* Ledger::find(std::size_t server, Incarnation incarnation) const {
  const auto& lives = lives_[server];
  const auto found = std::ranges::find(lives.rbegin(), lives.rend(), incarnation,
                                       [](const auto& life) { return life.first; });
  return found == lives.rend() ? nullptr : found->second.get();
}

Incarnation Ledger::highest(std::size_t server) const {
  Incarnation highest = 0;
  for (const auto& [incarnation, life] : lives_[server]) highest = std::max(highest, incarnation);
  return highest;
}

}  // namespace muster::sim
