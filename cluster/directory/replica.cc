#include "cluster/directory/replica.h"

#include <utility>

#include "cluster/directory/batch.h"
#include "cluster/directory/binding_of.h"

namespace muster {

Replica::Replica(const MemberKey& owner, const DirectoryConfig& config, DirectoryEvents& events)
    : owner_(owner), config_(config), events_(events) {}

Replica::Applied Replica::apply(const wire::AdvertisementView& advertisement) {
  if (advertisement.body->to_version <= tree_.version() || !settled()) return Applied::nothing;
  Applied applied = Applied::nothing;
  for (const wire::ChangeView& change : advertisement.changes) {
    if (change.version <= position()) continue;
    if (change.version != position() + 1) return Applied::gap;
    applied = take_change(change);
    if (applied != Applied::applied) return applied;
  }
  return applied;
}

/// The next change, or a piece of it.
Replica::Applied Replica::take_change(const wire::ChangeView& change) {
  if (change.kind == wire::ChangeKind::clear && tree_.size() > config_.bindings_per_step)
    return begin_clear(change.version);
  if (change.whole() && !change.more && held_.empty()) {
    if (outgrown_by(change.path.size() + change.content_bytes)) return Applied::too_large;
    if (change.kind == wire::ChangeKind::clear) begin_batch();
    this->change(change.version, change.kind, change.path, content_of(change));
    return reach(change.version);
  }
  switch (part_.take(change)) {
    case ChangeAssembly::Piece::unexpected:
      return Applied::gap;
    case ChangeAssembly::Piece::taken:
      return Applied::applied;
    case ChangeAssembly::Piece::complete:
      break;
  }
  held_bytes_ += change.path.size() + change.content_bytes;
  held_.push_back(part_.take_change());
  if (!held_.back().more) return commit_held();
  if (held_.size() < Batch::changes_max && held_bytes_ <= Batch::bytes_max) return Applied::applied;
  held_.clear();  // more than any batch holds
  held_bytes_ = 0;
  return Applied::too_large;
}

/// A large tree goes in steps, as after a fetch of one that is empty.
Replica::Applied Replica::begin_clear(Version version) {
  held_.clear();
  held_bytes_ = 0;
  start_over(version);
  fetch_.reached = fetch_.floor = version;
  fetch_.digest = 0;
  fetch_.complete = true;
  enter_fetch();
  begin_sweep();
  return Applied::sweeping;
}

/// The end of a batch has come: it becomes visible.
Replica::Applied Replica::commit_held() {
  const std::vector<StoredChange> held = std::exchange(held_, {});
  const std::size_t bytes = std::exchange(held_bytes_, 0);
  if (outgrown_by(bytes)) return Applied::too_large;
  if (held.size() > 1) begin_batch();
  for (const StoredChange& each : held) change(each.version, each.kind, each.path, each.content());
  return reach(held.back().version);
}

Replica::Applied Replica::reach(Version version) {
  tree_.advance(version);
  tree_.trim_tombstones(config_.tombstone_bytes_max);
  known_ = true;
  end_batch();
  return Applied::applied;
}

void Replica::change(Version version, wire::ChangeKind kind, std::string_view path,
                     const Content& content) {
  if (kind == wire::ChangeKind::clear) return clear(version);
  const TreeEntry* before = tree_.latest(path);
  if (before != nullptr && before->version >= version) return;
  if (kind == wire::ChangeKind::bind)
    return events_.on_bound(binding_of(owner_, *tree_.bind(version, path, content)));
  if (before != nullptr && before->bound) events_.on_withdrawn(binding_of(owner_, *before));
  tree_.withdraw(version, path);
}

void Replica::clear(Version version) {
  for (const TreeEntry& entry : tree_)
    if (entry.bound) events_.on_withdrawn(binding_of(owner_, entry));
  tree_.clear(version);
}

bool Replica::withdraw(std::size_t& entries) {
  if (entries > 0 && tree_.size() > 0) begin_batch();
  for (; entries > 0 && !tree_.bare(); --entries) {
    TreeEntry& entry = *tree_.begin();
    if (entry.bound) events_.on_withdrawn(binding_of(owner_, entry));
    tree_.erase(entry);
  }
  if (!tree_.bare()) return false;
  end_batch();
  return true;
}

void Replica::begin_batch() {
  if (!std::exchange(in_batch_, true)) events_.on_batch_begin(owner_);
}

void Replica::end_batch() {
  if (std::exchange(in_batch_, false)) events_.on_batch_end(owner_);
}

}  // namespace muster
