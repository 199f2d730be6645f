// This member's copy of another member's tree: advertisements and pages of answers go in, and what
// they change is told to the application.
#pragma once

#include <cstdint>
#include <vector>

#include "cluster/config.h"
#include "cluster/directory/answer.h"
#include "cluster/directory/change_assembly.h"
#include "cluster/directory/tree.h"
#include "cluster/events.h"
#include "cluster/wire/parse.h"

namespace muster {

class Replica {
 public:
  Replica(const MemberKey& owner, const DirectoryConfig& config, DirectoryEvents& events);

  const MemberKey& owner() const { return owner_; }
  /// While settled: the owner's tree at tree().version(). Else on its way to a later one.
  const Tree& tree() const { return tree_; }
  bool settled() const { return !fetch_.under_way; }

  enum class Applied : std::uint8_t {
    nothing,   ///< nothing new in it, or not now: a fetch is under way
    applied,   ///< or kept until the rest of it has come
    gap,       ///< it builds on what is not here yet
    sweeping,  ///< everything is withdrawn: to be followed by sweep()
    too_large,
  };
  /// docs/protocol.md §6.4.
  Applied apply(const wire::AdvertisementView& advertisement);

  /// The owner's heartbeat says what is here.
  void confirm() { known_ = true; }

  /// Starts to fetch: what is missing, or everything. A fetch that is under way goes on.
  void begin_fetch(bool everything);
  /// Where the next page continues.
  Place place() const;

  enum class Page : std::uint8_t {
    unexpected,  ///< does not continue what is here; dropped
    stale,       ///< of an older tree than what is here; dropped
    taken,       ///< ask for the next
    again,       ///< ask for what place() says now
    sweeping,    ///< to be followed by sweep()
    settled,     ///< the copy is the owner's tree at the answer's version
    wrong,       ///< it should be, and its digest is not the owner's: fetch everything
    too_large,
  };
  static bool ends_fetch(Page page) { return page >= Page::sweeping; }
  /// Pages are applied as they come; what they do not name goes at the end, in steps.
  /// docs/protocol.md §6.6.
  Page take(const wire::SectionView& section);
  /// Looks through so many entries more. After the last of them the fetch has ended or, where this
  /// was to make room, goes on: `again`.
  Page sweep(std::size_t entries);

  /// The owner is gone: tells that so many bindings more are withdrawn, and takes them from
  /// `entries`. True: that was the last.
  bool withdraw(std::size_t& entries);

 private:
  struct Fetch {
    Version since = 0;
    Version cursor = 0;
    Version began = 0;    ///< the owner's version when the first page of a whole tree was written
    Version reached = 0;  ///< the highest version that a page led to
    Version floor = 0;
    std::uint64_t digest = 0;
    Version swept = 0;
    bool under_way = false;  ///< the copy is between two versions
    bool complete = false;   ///< its last page has come
    bool sweeping = false;
    bool swept_early = false;  ///< what earlier passes left has gone, to make room
  };

  Applied take_change(const wire::ChangeView& change);
  Applied begin_clear(Version version);
  Applied commit_held();
  Applied reach(Version version);
  Version position() const { return held_.empty() ? tree_.version() : held_.back().version; }

  bool starts_over(const wire::SectionView& section) const;
  bool continues(const wire::Section& head) const;
  void start_over(Version began);
  Page fetch_changes(const wire::SectionView& section);
  void fetch_change(Version version, wire::ChangeKind kind, std::string_view path,
                    const Content& content);
  void enter_fetch();
  void drop(TreeEntry& entry);
  Page complete(const wire::Section& head);
  Page begin_sweep();
  Page make_room();
  Page settle();

  /// What will go when an update is complete is still here, so there is room for two trees.
  bool outgrown_by(std::size_t bytes) const {
    return tree_.bytes() + bytes > 2 * config_.tree_bytes_max;
  }
  void change(Version version, wire::ChangeKind kind, std::string_view path,
              const Content& content);
  void clear(Version version);
  void begin_batch();
  void end_batch();

  MemberKey owner_;
  const DirectoryConfig& config_;
  DirectoryEvents& events_;
  Tree tree_;
  std::vector<StoredChange> held_;  ///< of a batch whose end has not come
  std::size_t held_bytes_ = 0;
  ChangeAssembly part_;  ///< of a change that comes in pieces, by advertisement or by pages
  Fetch fetch_;
  std::uint32_t pass_ = 0;  ///< counts the times that a whole tree was fetched from its beginning
  bool in_batch_ = false;   ///< the application has been told so
  bool known_ = false;      ///< it was the owner's tree once, if only the empty one
};

}  // namespace muster
