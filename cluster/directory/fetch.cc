// How a copy becomes the owner's tree by the pages of an answer (docs/protocol.md §6.6).
#include <algorithm>

#include "cluster/directory/binding_of.h"
#include "cluster/directory/replica.h"

namespace muster {

void Replica::begin_fetch(bool everything) {
  if (fetch_.under_way) return;
  fetch_ = {};
  if (!everything) fetch_.since = fetch_.cursor = tree_.version();
  held_.clear();
  held_bytes_ = 0;
  part_.clear();
}

Place Replica::place() const {
  return {.since = fetch_.since,
          .cursor = fetch_.cursor,
          .part_version = part_.version(),
          .part_offset = part_.offset()};
}

/// The owner no longer knows what was withdrawn since, or it is the first page of a whole tree.
bool Replica::starts_over(const wire::SectionView& section) const {
  return section.head->base_version == 0 && section.head->cursor_version == 0 &&
         (section.changes.empty() || (*section.changes.begin()).offset == 0);
}

bool Replica::continues(const wire::Section& head) const {
  return head.base_version == fetch_.since && head.cursor_version == fetch_.cursor;
}

/// A whole tree from its beginning: what this pass does not meet goes at its end.
void Replica::start_over(Version began) {
  fetch_.since = fetch_.cursor = 0;
  fetch_.began = began;
  fetch_.swept_early = false;
  part_.clear();
  ++pass_;
}

Replica::Page Replica::take(const wire::SectionView& section) {
  const wire::Section& head = *section.head;
  if (fetch_.sweeping) return Page::unexpected;
  if (head.to_version < std::max<Version>(fetch_.reached, tree_.version())) return Page::stale;
  if (starts_over(section)) {
    start_over(head.to_version);
  } else if (!continues(head)) {
    return Page::unexpected;
  } else if (fetch_.since == 0 && head.floor_version > fetch_.began) {
    start_over(0);  // a withdrawal of what was fetched may be among the forgotten ones
    return Page::again;
  }
  fetch_.reached = head.to_version;
  const Page page = fetch_changes(section);
  if (page != Page::taken) return page;
  if (section.complete()) return complete(head);
  return section.changes.empty() ? Page::unexpected : Page::taken;
}

Replica::Page Replica::fetch_changes(const wire::SectionView& section) {
  for (const wire::ChangeView& change : section.changes) {
    if (outgrown_by(change.path.size() + change.content_bytes)) return make_room();
    if (change.whole()) {
      enter_fetch();
      fetch_change(change.version, change.kind, change.path, content_of(change));
      part_.clear();
    } else {
      const auto piece = part_.take(change);
      if (piece == ChangeAssembly::Piece::unexpected) return Page::unexpected;
      if (piece == ChangeAssembly::Piece::taken) continue;
      enter_fetch();
      const StoredChange whole = part_.take_change();
      fetch_change(whole.version, whole.kind, whole.path, whole.content());
    }
    fetch_.cursor = change.version;
  }
  tree_.trim_tombstones(config_.tombstone_bytes_max);
  return Page::taken;
}

/// From here on the copy is between two versions. Who knew none of this tree shows what comes as it
/// comes; who knew one shows the next as a whole.
void Replica::enter_fetch() {
  if (fetch_.under_way) return;
  fetch_.under_way = true;
  if (known_) begin_batch();
}

void Replica::drop(TreeEntry& entry) {
  if (entry.bound) events_.on_withdrawn(binding_of(owner_, entry));
  tree_.erase(entry);
}

/// Of a whole tree the page is right and the copy may be wrong.
void Replica::fetch_change(Version version, wire::ChangeKind kind, std::string_view path,
                           const Content& content) {
  TreeEntry* before = fetch_.since == 0 ? tree_.latest(path) : nullptr;
  if (before != nullptr && before->version >= version) {
    const bool same = before->version == version &&
                      before->bound == (kind == wire::ChangeKind::bind) &&
                      std::ranges::equal(before->contents, joined(content)) &&
                      before->attribute_bytes == content.attributes.bytes().size();
    if (!same) drop(*before);
  }
  // Nor may another path stand at this version, whatever a wrong copy or a lying owner says.
  TreeEntry* other = tree_.at(version);
  if (other != nullptr && other->path != path) drop(*other);
  change(version, kind, path, content);
  if (TreeEntry* met = tree_.latest(path)) met->pass = pass_;
}

/// The last page: the copy is what the owner had, but for what it did not name.
Replica::Page Replica::complete(const wire::Section& head) {
  if (part_.version() != 0) return Page::unexpected;
  enter_fetch();
  fetch_.digest = head.digest;
  fetch_.floor = head.floor_version;
  fetch_.complete = true;
  return fetch_.since > 0 ? settle() : begin_sweep();
}

/// There is room for the tree that was and the one that comes, but not for what passes that began
/// in between have left: so that goes now, and comes again if it is the owner's.
Replica::Page Replica::make_room() {
  if (fetch_.since > 0 || fetch_.swept_early) return Page::too_large;
  enter_fetch();
  fetch_.swept_early = true;
  return begin_sweep();
}

Replica::Page Replica::begin_sweep() {
  fetch_.sweeping = true;
  fetch_.swept = 0;
  return sweep(config_.bindings_per_step);
}

Replica::Page Replica::sweep(std::size_t entries) {
  auto entry = tree_.after(fetch_.swept);
  for (; entry != tree_.end() && entries > 0; --entries) {
    TreeEntry& seen = *entry++;
    fetch_.swept = seen.version;
    if (seen.pass != pass_) drop(seen);
  }
  if (entry != tree_.end()) return Page::sweeping;
  fetch_.sweeping = false;
  return fetch_.complete ? settle() : Page::again;
}

Replica::Page Replica::settle() {
  if (fetch_.since == 0) tree_.set_floor(std::max(tree_.floor(), fetch_.floor));
  tree_.advance(fetch_.reached);
  end_batch();
  known_ = true;
  const bool right = tree_.digest() == fetch_.digest;
  fetch_ = {};
  begin_fetch(false);
  return right ? Page::settled : Page::wrong;
}

}  // namespace muster
