#include "cluster/directory/own_tree.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

#include "cluster/directory/answer.h"
#include "cluster/directory/binding_of.h"
#include "cluster/wire/path.h"

namespace muster {
namespace {

/// Advertised in one call at most: other packets get their turn in between.
constexpr std::size_t packets_per_call_max = OwnTree::repeated_packets_max;
/// As StoredChange::memory() reckons it: about so many packets.
constexpr std::size_t repeated_bytes_max = OwnTree::repeated_packets_max * std::size_t{1024};
/// So many trees may be withdrawn before the application has heard of the first.
constexpr std::size_t cleared_max = 8;

ChangeRecord record_of(const StoredChange& change) {
  return {.version = change.version,
          .kind = change.kind,
          .more = change.more,
          .path = change.path,
          .content = change.bytes,
          .attribute_bytes = change.attribute_bytes};
}

bool same(const Content& a, const Content& b) {
  return std::ranges::equal(a.value, b.value) &&
         std::ranges::equal(a.attributes.bytes(), b.attributes.bytes());
}

}  // namespace

BindResult OwnTree::may_bind(std::string_view path, const Content& content) const {
  if (!wire::valid_path(path)) return BindResult::invalid_path;
  if (content.value.size() > wire::value_bytes_max) return BindResult::too_large;
  return BindResult::changed;
}

BindResult OwnTree::bind(std::string_view path, const Content& content) {
  if (const BindResult may = may_bind(path, content); may != BindResult::changed) return may;
  const TreeEntry* before = tree_.find(path);
  if (before != nullptr && same(before->content(), content)) return BindResult::unchanged;
  const TreeEntry* latest = tree_.latest(path);
  const std::size_t others = tree_.bytes() - (latest == nullptr ? 0 : latest->bytes());
  if (others + TreeEntry::reckon(path, content.bytes()) > config_.tree_bytes_max)
    return BindResult::full;
  change(wire::ChangeKind::bind, path, content, false);
  return BindResult::changed;
}

BindResult OwnTree::withdraw(std::string_view path) {
  if (!wire::valid_path(path)) return BindResult::invalid_path;
  return change(wire::ChangeKind::withdraw, path, {}, false) ? BindResult::changed
                                                             : BindResult::unchanged;
}

BindResult OwnTree::withdraw_all() {
  if (tree_.size() == 0) return BindResult::unchanged;
  const Version version = tree_.version() + 1;
  tree_.swap(cleared_.emplace_back());
  tree_.clear(version);
  log_.add({.version = version, .kind = wire::ChangeKind::clear, .path = {}, .bytes = {}});
  begin_batch();
  if (cleared_.back().size() <= config_.bindings_per_step) {
    tell_whole(std::prev(cleared_.end()));
    tell(0);
    return BindResult::changed;
  }
  tell(config_.bindings_per_step);
  // Whoever does so again and again, faster than it can be told in steps, hears more at once, of
  // what it has bound itself: the smallest tree, or what stands in the way of the memory.
  if (cleared_.size() > cleared_max)
    tell_whole(std::ranges::min_element(cleared_, {}, &Tree::size));
  while (cleared_bytes() > config_.tree_bytes_max) tell(config_.bindings_per_step);
  return BindResult::changed;
}

BindResult OwnTree::apply(const Batch& batch) {
  if (batch.size() > Batch::changes_max || batch.bytes() > Batch::bytes_max)
    return BindResult::too_large;
  std::size_t bytes = tree_.bytes();
  for (const StoredChange& change : batch.changes()) {
    const BindResult may = may_bind(change.path, change.content());
    if (may != BindResult::changed) return may;
    bytes += TreeEntry::reckon(change.path, change.bytes.size());
  }
  if (bytes > config_.tree_bytes_max) return BindResult::full;
  const Version before = tree_.version();
  if (batch.size() > 1) begin_batch();
  for (const StoredChange& each : batch.changes())
    change(each.kind, each.path, each.content(), true);
  if (cleared_.empty()) end_batch();
  log_.end_batch();
  tree_.trim_tombstones(config_.tombstone_bytes_max);
  return tree_.version() == before ? BindResult::unchanged : BindResult::changed;
}

/// False where it changes nothing. The floor stays where it is until the end of a batch: nobody is
/// at a version within it.
bool OwnTree::change(wire::ChangeKind kind, std::string_view path, const Content& content,
                     bool more) {
  const TreeEntry* before = tree_.find(path);
  const Version version = tree_.version() + 1;
  if (kind == wire::ChangeKind::bind) {
    if (before != nullptr && same(before->content(), content)) return false;
    if (before != nullptr && known_.owner(before->version) != known_.self())
      tell_withdrawn(*before);
    for (Tree& tree : cleared_)
      if (TreeEntry* entry = tree.latest(path)) tell_cleared(tree, *entry);
    events_.on_bound(binding_of(known_.self(), *tree_.bind(version, path, content)));
  } else {
    if (before == nullptr) return false;
    tell_withdrawn(*before);
    tree_.withdraw(version, path);
  }
  tree_.advance(version);
  if (!more) tree_.trim_tombstones(config_.tombstone_bytes_max);
  log_.add({.version = version,
            .kind = kind,
            .more = more,
            .path = std::string(path),
            .bytes = joined(content),
            .attribute_bytes = content.attributes.bytes().size()});
  return true;
}

bool OwnTree::advertise(const Endpoint& group) {
  const std::size_t copies = std::max<std::size_t>(outbox_.audience().packets(), 1);
  for (std::size_t packets = 0; said_.next <= tree_.version(); packets += copies) {
    if (packets >= packets_per_call_max) return true;
    if (!advertise_one_packet(group, said_)) return false;
  }
  return false;
}

/// Advertises from `said` on, as much as fits; false when there is no packet to write.
/// docs/protocol.md §6.4.
bool OwnTree::advertise_one_packet(const Endpoint& group, Said& said) {
  const StoredChange* change = log_.find(said.next);
  if (change == nullptr) {  // it was forgotten before it was said: receivers find the gap
    said = {.next = log_.first() == 0 ? tree_.version() + 1 : log_.first(), .offset = 0};
    return true;
  }
  Packet* packet = outbox_.open(wire::Type::advertisement);
  if (packet == nullptr) return false;
  auto& head = append(
      *packet, wire::Advertisement{.base_version = said.next - 1, .to_version = 0, .changes = 0});
  std::uint16_t written = 0;
  for (; change != nullptr; change = log_.find(said.next)) {
    const auto end = append_change(*packet, record_of(*change), said.offset, written == 0);
    if (!end) break;
    head.changes = ++written;
    head.to_version = change->version;
    said.offset = *end;
    if (*end < change->bytes.size()) break;
    said = {.next = change->version + 1, .offset = 0};
  }
  outbox_.send(*packet, group);
  return true;
}

std::uint32_t OwnTree::repeat(const Endpoint& group, Version since, std::uint32_t packets_max) {
  if (since + 1 >= said_.next) return 0;
  std::size_t bytes = 0;
  for (Version version = since + 1; version < said_.next; ++version) {
    const StoredChange* change = log_.find(version);
    if (change == nullptr) return 0;
    bytes += change->memory();
    if (bytes > repeated_bytes_max) return 0;
  }
  std::uint32_t packets = 0;
  for (Said again{.next = since + 1}; again.next < said_.next && packets < packets_max; ++packets)
    if (!advertise_one_packet(group, again)) break;
  return packets;
}

// What the application hears.

void OwnTree::reincarnate(const MemberKey& to) {
  known_.change(to, tree_.version());
  known_.merge([this](Version after, Version last) { return holds(after, last); });
}

/// Is there anything of those versions, for the application to hear of?
bool OwnTree::holds(Version after, Version last) const {
  const auto in = [=](const Tree& tree) {
    const auto next = tree.after(after);
    return next != tree.end() && next->version <= last;
  };
  return in(tree_) || std::ranges::any_of(cleared_, in);
}

void OwnTree::tell(std::size_t bindings) {
  while (bindings > 0 && !cleared_.empty()) tell_cleared(cleared_.begin(), bindings);
  if (!cleared_.empty()) return;
  end_batch();
  if (known_.pending()) tell_anew(bindings);
}

void OwnTree::tell_anew(std::size_t bindings) {
  auto entry = std::as_const(tree_).after(known_.told());
  for (; bindings > 0 && entry != tree_.end() && known_.pending(); --bindings, ++entry) {
    if (entry->bound && known_.owner(entry->version) != known_.self()) {
      tell_withdrawn(*entry);
      events_.on_bound(binding_of(known_.self(), *entry));
    }
    known_.tell(entry->version);
  }
  if (entry == tree_.end()) known_.tell(tree_.version());
}

void OwnTree::tell_withdrawn(const TreeEntry& entry) {
  if (entry.bound) events_.on_withdrawn(binding_of(known_.owner(entry.version), entry));
}

void OwnTree::tell_cleared(Tree& tree, TreeEntry& entry) {
  tell_withdrawn(entry);
  tree.erase(entry);
}

/// So many of it, which are taken from `bindings`. With the last one it goes.
void OwnTree::tell_cleared(std::list<Tree>::iterator tree, std::size_t& bindings) {
  for (; bindings > 0 && !tree->bare(); --bindings) tell_cleared(*tree, *tree->begin());
  if (tree->bare()) cleared_.erase(tree);
}

void OwnTree::tell_whole(std::list<Tree>::iterator tree) {
  std::size_t all = SIZE_MAX;
  tell_cleared(tree, all);
}

/// As a tree's memory is reckoned everywhere: of its entries.
std::size_t OwnTree::cleared_bytes() const {
  std::size_t bytes = 0;
  for (const Tree& tree : cleared_) bytes += tree.bytes();
  return bytes;
}

void OwnTree::begin_batch() {
  if (batch_) return;
  batch_ = known_.self();
  events_.on_batch_begin(*batch_);
}

/// As of the owner as whose it began, whoever this member has become meanwhile.
void OwnTree::end_batch() {
  if (const auto owner = std::exchange(batch_, std::nullopt)) events_.on_batch_end(*owner);
}

}  // namespace muster
