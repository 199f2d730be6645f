// This member's part of the directory, and the advertisements of its changes.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/config.h"
#include "cluster/directory/batch.h"
#include "cluster/directory/change_log.h"
#include "cluster/directory/known_as.h"
#include "cluster/directory/tree.h"
#include "cluster/events.h"
#include "cluster/outbox.h"

namespace muster {

enum class BindResult : std::uint8_t {
  changed,
  unchanged,     ///< it was so already; nobody is told
  invalid_path,  ///< see wire::valid_path()
  too_large,     ///< a value of more than wire::value_bytes_max bytes, a batch of more than it may
  full,          ///< the own tree has reached DirectoryConfig::tree_bytes_max
};

class OwnTree {
 public:
  OwnTree(const DirectoryConfig& config, Outbox& outbox, DirectoryEvents& events)
      : config_(config),
        outbox_(outbox),
        events_(events),
        known_(outbox.sender().self),
        log_(config.change_log_bytes_max) {}

  const Tree& tree() const { return tree_; }

  BindResult bind(std::string_view path, const Content& content);
  BindResult withdraw(std::string_view path);
  /// At once for others; the application hears of what is more than one step in steps, see tell().
  BindResult withdraw_all();
  /// All of it or, where a change is refused, nothing.
  BindResult apply(const Batch& batch);

  /// Multicasts what has changed since the last call, in as few packets as it needs. True: it
  /// needs more than one call may send, and goes on at the next.
  bool advertise(const Endpoint& group);

  static constexpr std::uint32_t repeated_packets_max = 64;
  /// Multicasts once more what has changed after `since`, in at most `packets_max` packets; returns
  /// how many went out. 0: it is no longer known in full, or is too much.
  std::uint32_t repeat(const Endpoint& group, Version since, std::uint32_t packets_max);

  /// The own bindings belong to another incarnation from now on: the application hears so by
  /// tell().
  void reincarnate(const MemberKey& to);

  /// A tree may be large, and this member has more to do: what the application has to hear of all
  /// of it comes in steps.
  bool telling() const { return !cleared_.empty() || known_.pending(); }
  void tell(std::size_t bindings);

 private:
  /// Where advertising has come to.
  struct Said {
    Version next = 1;
    std::size_t offset = 0;
  };
  BindResult may_bind(std::string_view path, const Content& content) const;
  bool change(wire::ChangeKind kind, std::string_view path, const Content& content, bool more);
  bool advertise_one_packet(const Endpoint& group, Said& said);
  void tell_withdrawn(const TreeEntry& entry);
  void tell_cleared(Tree& tree, TreeEntry& entry);
  void tell_cleared(std::list<Tree>::iterator tree, std::size_t& bindings);
  void tell_whole(std::list<Tree>::iterator tree);
  bool holds(Version after, Version last) const;
  void tell_anew(std::size_t bindings);
  std::size_t cleared_bytes() const;
  void begin_batch();
  void end_batch();

  const DirectoryConfig& config_;
  Outbox& outbox_;
  DirectoryEvents& events_;
  Tree tree_;
  /// Withdrawn all at once, each of them more than one step, and the application has not heard yet.
  /// It believes each path bound in one of them at most, or else in the tree. A few at most: each
  /// bind looks into all of them.
  std::list<Tree> cleared_;
  KnownAs known_;
  std::optional<MemberKey> batch_;  ///< the application is within one, begun as of this owner
  ChangeLog log_;
  Said said_;
};

}  // namespace muster
