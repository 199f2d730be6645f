#include "cluster/directory/replica.h"

#include <utility>

namespace muster {

Replica::Replica(const MemberKey& owner, const DirectoryConfig& config, Events& events)
    : owner_(owner), config_(config), events_(events), tree_(std::make_unique<Tree>()) {}

Replica::Applied Replica::apply(const wire::AdvertisementView& advertisement) {
  const wire::Advertisement& head = *advertisement.body;
  if (head.to_version <= tree_->version()) return Applied::nothing;
  if (head.base_version > tree_->version()) return Applied::gap;
  for (const auto& change_view : advertisement.changes) {
    if (change_view.version <= tree_->version()) continue;
    if (tree_->bytes() + change_view.path.size() + change_view.value.size() >
        config_.tree_bytes_max)
      return Applied::too_large;
    change(change_view.version, change_view.kind, change_view.path, change_view.value);
    tree_->advance(change_view.version);
  }
  tree_->trim_tombstones(config_.tombstone_bytes_max);
  return Applied::applied;
}

void Replica::restart_fetch(bool everything) {
  since_ = cursor_ = everything ? 0 : tree_->version();
  staged_.clear();
  staged_bytes_ = 0;
}

Replica::Page Replica::take(const wire::SectionView& section) {
  const wire::Section& head = *section.head;
  // An owner whose tombstones no longer reach back starts over with the whole tree.
  const bool starts_over = head.base_version == 0 && head.cursor_version == 0;
  if (starts_over) {
    restart_fetch(true);
    began_ = head.to_version;
  } else if (head.base_version != since_ || head.cursor_version != cursor_) {
    return Page::unexpected;
  } else if (since_ == 0 && head.floor_version > began_) {
    restart_fetch(true);  // a withdrawal of what is staged may be among the forgotten ones
    return Page::staged;
  }
  if (!stage(section)) {
    restart_fetch(false);
    return Page::too_large;
  }
  if (!section.complete()) return section.changes.empty() ? Page::unexpected : Page::staged;
  const Page page = commit(head);
  restart_fetch(false);
  return page;
}

bool Replica::stage(const wire::SectionView& section) {
  for (const auto& change_view : section.changes) {
    staged_bytes_ += sizeof(Staged) + change_view.path.size() + change_view.value.size();
    if (staged_bytes_ > config_.tree_bytes_max) return false;
    staged_.push_back({change_view.version,
                       change_view.kind,
                       std::string(change_view.path),
                       {change_view.value.begin(), change_view.value.end()}});
    cursor_ = change_view.version;
  }
  return true;
}

Replica::Page Replica::commit(const wire::Section& head) {
  if (head.to_version < tree_->version()) return Page::stale;
  if (since_ == 0)
    commit_snapshot(head.floor_version);
  else
    commit_changes();
  tree_->advance(head.to_version);
  tree_->trim_tombstones(config_.tombstone_bytes_max);
  return tree_->digest() == head.digest ? Page::committed : Page::wrong;
}

void Replica::commit_changes() {
  for (const Staged& staged : staged_)
    change(staged.version, staged.kind, staged.path, staged.value);
}

/// The staged changes are the whole tree: what they do not name is gone.
void Replica::commit_snapshot(Version floor) {
  const auto old = std::exchange(tree_, std::make_unique<Tree>());
  for (const Staged& staged : staged_) {
    if (staged.kind == wire::ChangeKind::bind)
      tree_->bind(staged.version, staged.path, staged.value);
    else
      tree_->withdraw(staged.version, staged.path);
  }
  tree_->set_floor(floor);
  for (const TreeEntry& entry : *old)
    if (entry.bound && tree_->find(entry.path) == nullptr) tell_withdrawn(entry);
  for (const TreeEntry& entry : *tree_) {
    if (!entry.bound) continue;
    const TreeEntry* before = old->find(entry.path);
    if (before == nullptr || before->version != entry.version || before->value != entry.value)
      tell_bound(entry);
  }
}

void Replica::change(Version version, wire::ChangeKind kind, std::string_view path,
                     std::span<const std::byte> value) {
  const TreeEntry* before = tree_->find(path);
  if (before != nullptr && before->version >= version) return;
  if (kind == wire::ChangeKind::bind) {
    tree_->bind(version, path, value);
    const TreeEntry* entry = tree_->find(path);
    if (entry != nullptr && entry->version == version) tell_bound(*entry);
    return;
  }
  if (before != nullptr) tell_withdrawn(*before);
  tree_->withdraw(version, path);
}

void Replica::withdraw_all() {
  for (const TreeEntry& entry : *tree_)
    if (entry.bound) tell_withdrawn(entry);
}

void Replica::tell_bound(const TreeEntry& entry) {
  events_.on_bound({owner_, entry.path, entry.value, entry.version});
}

void Replica::tell_withdrawn(const TreeEntry& entry) {
  events_.on_withdrawn({owner_, entry.path, entry.value, entry.version});
}

}  // namespace muster
