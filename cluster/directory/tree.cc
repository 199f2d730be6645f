#include "cluster/directory/tree.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <xxhash.h>

namespace muster {
namespace {

std::uint64_t digest_of(std::span<const std::byte> bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint64_t digest_of(const TreeEntry& entry) {
  const Content content = entry.content();
  const std::uint64_t path = digest_of(std::as_bytes(std::span(entry.path)), entry.version);
  return digest_of(content.value, digest_of(content.attributes.bytes(), path));
}

constexpr auto later = [](Version version, const TreeEntry& entry) {
  return version < entry.version;
};

}  // namespace

bool operator<(const TreeEntry& a, const TreeEntry& b) { return a.version < b.version; }

const TreeEntry* Tree::find(std::string_view path) const {
  const auto* found = entries_.find(path);
  return found == nullptr || !found->second.bound ? nullptr : &found->second;
}

TreeEntry* Tree::latest(std::string_view path) {
  auto* found = entries_.find(path);
  return found == nullptr ? nullptr : &found->second;
}

TreeEntry* Tree::bind(Version version, std::string_view path, const Content& content) {
  TreeEntry* entry = change(version, path);
  if (entry == nullptr) return nullptr;
  entry->contents = joined(content);
  entry->attribute_bytes = static_cast<std::uint16_t>(content.attributes.bytes().size());
  entry->bound = true;
  digest_ += digest_of(*entry);
  bindings_ += 1;
  bytes_ += entry->bytes();
  return entry;
}

TreeEntry* Tree::withdraw(Version version, std::string_view path) {
  TreeEntry* entry = change(version, path);
  if (entry == nullptr) return nullptr;
  entry->contents = {};
  entry->attribute_bytes = 0;
  entry->bound = false;
  bytes_ += entry->bytes();
  tombstone_bytes_ += entry->bytes();
  tombstones_.insert(tombstones_.end(), *entry);
  return entry;
}

void Tree::clear(Version version) {
  tombstones_.clear();
  by_version_.clear();
  entries_.clear();
  digest_ = bindings_ = bytes_ = tombstone_bytes_ = 0;
  version_ = floor_ = version;
}

void Tree::swap(Tree& other) noexcept {
  std::swap(entries_, other.entries_);
  by_version_.swap(other.by_version_);
  tombstones_.swap(other.tombstones_);
  std::swap(version_, other.version_);
  std::swap(floor_, other.floor_);
  std::swap(digest_, other.digest_);
  std::swap(bindings_, other.bindings_);
  std::swap(bytes_, other.bytes_);
  std::swap(tombstone_bytes_, other.tombstone_bytes_);
}

void Tree::erase(TreeEntry& entry) {
  take_out(entry);
  entries_.erase(entry.path);
}

/// The path's entry, out of every account and at the place of `version`; the caller writes it
/// and puts it back in. nullptr: the path has changed at that version or later.
TreeEntry* Tree::change(Version version, std::string_view path) {
  auto& [key, entry] = entries_.at(path);
  const bool known = !entry.path.empty();
  if (known && entry.version >= version) return nullptr;
  if (known) take_out(entry);
  entry.path = key;
  entry.version = version;
  [[maybe_unused]] const auto place = by_version_.insert(by_version_.end(), entry);
  assert(&*place == &entry);  // no two paths changed at one version
  return &entry;
}

void Tree::take_out(TreeEntry& entry) {
  bytes_ -= entry.bytes();
  if (entry.bound) {
    digest_ -= digest_of(entry);
    bindings_ -= 1;
  } else {
    tombstone_bytes_ -= entry.bytes();
    tombstones_.erase(tombstones_.iterator_to(entry));
  }
  by_version_.erase(by_version_.iterator_to(entry));
}

void Tree::trim_tombstones(std::size_t bytes_max) {
  while (tombstone_bytes_ > bytes_max) {
    TreeEntry& oldest = *tombstones_.begin();
    floor_ = std::max(floor_, oldest.version);
    erase(oldest);
  }
}

TreeEntry* Tree::at(Version version) {
  const auto next = version == 0 ? by_version_.end() : after(version - 1);
  return next == by_version_.end() || next->version != version ? nullptr : &*next;
}

Tree::ByVersion::const_iterator Tree::after(Version version) const {
  return by_version_.upper_bound(version, later);
}

Tree::ByVersion::iterator Tree::after(Version version) {
  return by_version_.upper_bound(version, later);
}

}  // namespace muster
