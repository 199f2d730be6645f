#include "tests/sim/ledger.h"

#include <algorithm>

#include <xxhash.h>

namespace muster::sim {

void ContentHash::add(Version version, std::string_view path, std::span<const std::byte> content) {
  const std::uint64_t head[] = {hash_, version, path.size(), content.size()};
  hash_ = XXH3_64bits_withSeed(path.data(), path.size(), XXH3_64bits(head, sizeof head));
  hash_ = XXH3_64bits_withSeed(content.data(), content.size(), hash_);
}

bool Life::Change::is(Attributes attributes, std::span<const std::byte> value) const {
  const std::span<const std::byte> whole(content);
  const std::size_t attribute_bytes = attributes.bytes().size();
  return whole.size() == attribute_bytes + value.size() &&
         std::ranges::equal(whole.first(attribute_bytes), attributes.bytes()) &&
         std::ranges::equal(whole.subspan(attribute_bytes), value);
}

void Life::bind(std::string_view path, std::span<const std::byte> value, Attributes attributes) {
  const auto block = attributes.bytes();
  std::vector<std::byte> content(block.begin(), block.end());
  content.insert(content.end(), value.begin(), value.end());
  changed({true, std::string(path), std::move(content)});
}

bool Life::binds(std::string_view path, std::span<const std::byte> content) const {
  const auto found = by_path_.find(path);
  return found != by_path_.end() &&
         std::ranges::equal(changes_[found->second - 1].content, content);
}

void Life::withdraw(std::string_view path) { changed({false, std::string(path), {}}); }

void Life::withdraw_all() {
  by_path_.clear();
  by_version_.clear();
  changes_.push_back({false, {}, {}});
  contents_.push_back(ContentHash().value());
}

void Life::join(Version first) {
  for (Version version = first; version < changes_.size(); ++version)
    changes_[version - 1].more = true;
}

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
    content.add(version, path, changes_[version - 1].content);
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
