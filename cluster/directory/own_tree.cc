#include "cluster/directory/own_tree.h"

#include <algorithm>

#include "cluster/directory/answer.h"
#include "cluster/wire/path.h"

namespace muster {
namespace {

/// Past this, waiting changes are no longer advertised one by one: receivers find the gap.
constexpr std::size_t pending_changes_max = 4096;

}  // namespace

BindResult OwnTree::bind(std::string_view path, std::span<const std::byte> value) {
  if (!wire::valid_path(path)) return BindResult::invalid_path;
  if (value.size() > wire::value_bytes_max) return BindResult::too_large;
  const TreeEntry* before = tree_.find(path);
  if (before != nullptr && std::ranges::equal(before->value, value)) return BindResult::unchanged;
  if (tree_.bytes() + sizeof(TreeEntry) + 2 * path.size() + value.size() > config_.tree_bytes_max)
    return BindResult::full;
  const Version version = tree_.version() + 1;
  tree_.bind(version, path, value);
  tree_.advance(version);
  remember(wire::ChangeKind::bind, path, value);
  events_.on_bound({outbox_.sender().self, path, value, version});
  return BindResult::changed;
}

BindResult OwnTree::withdraw(std::string_view path) {
  if (!wire::valid_path(path)) return BindResult::invalid_path;
  const TreeEntry* before = tree_.find(path);
  if (before == nullptr) return BindResult::unchanged;
  events_.on_withdrawn({outbox_.sender().self, path, before->value, before->version});
  const Version version = tree_.version() + 1;
  tree_.withdraw(version, path);
  tree_.advance(version);
  tree_.trim_tombstones(config_.tombstone_bytes_max);
  remember(wire::ChangeKind::withdraw, path, {});
  return BindResult::changed;
}

void OwnTree::remember(wire::ChangeKind kind, std::string_view path,
                       std::span<const std::byte> value) {
  if (pending_.size() == pending_changes_max) pending_.clear();
  pending_.push_back({kind, std::string(path), {value.begin(), value.end()}});
}

void OwnTree::advertise(const Endpoint& group) {
  std::size_t next = 0;
  while (next < pending_.size())
    if (!advertise_one_packet(group, next)) break;
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(next));
}

/// Advertises from `next` on, as much as fits; false when there is no packet to write.
bool OwnTree::advertise_one_packet(const Endpoint& group, std::size_t& next) {
  Packet* packet = outbox_.open(wire::Type::advertisement);
  if (packet == nullptr) return false;
  const Version base = tree_.version() - (pending_.size() - next);
  Version version = base;
  auto& head =
      append(*packet, wire::Advertisement{.base_version = base, .to_version = 0, .changes = 0});
  for (; next < pending_.size(); ++next) {
    const Change& change = pending_[next];
    if (packet->size + change_bytes(change.path, change.value.size()) > packet->capacity) break;
    append_change(*packet, ++version, change.kind, change.path, change.value);
  }
  head.to_version = version;
  head.changes = static_cast<std::uint16_t>(version - base);
  outbox_.send(*packet, group);
  return true;
}

void OwnTree::withdraw_all(const MemberKey& from) {
  for (const TreeEntry& entry : tree_)
    if (entry.bound) events_.on_withdrawn({from, entry.path, entry.value, entry.version});
}

void OwnTree::bind_all(const MemberKey& to) {
  for (const TreeEntry& entry : tree_)
    if (entry.bound) events_.on_bound({to, entry.path, entry.value, entry.version});
}

}  // namespace muster
