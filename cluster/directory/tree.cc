#include "cluster/directory/tree.h"

#include <xxhash.h>

namespace muster {
namespace {

std::uint64_t digest_of(const TreeEntry& entry) {
  const std::uint64_t seed =
      XXH3_64bits_withSeed(entry.path.data(), entry.path.size(), entry.version);
  return XXH3_64bits_withSeed(entry.value.data(), entry.value.size(), seed);
}

}  // namespace

bool operator<(const TreeEntry& a, const TreeEntry& b) { return a.version < b.version; }

const TreeEntry* Tree::find(std::string_view path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() || !found->second.bound ? nullptr : &found->second;
}

void Tree::bind(Version version, std::string_view path, std::span<const std::byte> value) {
  TreeEntry* entry = change(version, path);
  if (entry == nullptr) return;
  entry->value.assign(value.begin(), value.end());
  entry->bound = true;
  digest_ += digest_of(*entry);
  bindings_ += 1;
  bytes_ += entry->bytes();
}

void Tree::withdraw(Version version, std::string_view path) {
  TreeEntry* entry = change(version, path);
  if (entry == nullptr) return;
  entry->value = {};
  entry->bound = false;
  bytes_ += entry->bytes();
  tombstone_bytes_ += entry->bytes();
  tombstones_.insert(tombstones_.end(), *entry);
}

/// The path's entry, out of every account and at the place of `version`; the caller writes it
/// and puts it back in. nullptr: the path has changed at that version or later.
TreeEntry* Tree::change(Version version, std::string_view path) {
  auto found = entries_.find(path);
  if (found == entries_.end()) {
    found = entries_.emplace(std::string(path), TreeEntry{}).first;
    found->second.path = found->first;
  } else {
    if (found->second.version >= version) return nullptr;
    take_out(found->second);
  }
  TreeEntry& entry = found->second;
  entry.version = version;
  by_version_.insert(by_version_.end(), entry);
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
    floor_ = oldest.version;
    take_out(oldest);
    entries_.erase(entries_.find(oldest.path));
  }
}

Tree::ByVersion::const_iterator Tree::after(Version version) const {
  const auto later = [](Version v, const TreeEntry& entry) { return v < entry.version; };
  return by_version_.upper_bound(version, later);
}

}  // namespace muster
