// This member's copy of another member's tree: advertisements and answers go in, and what they
// change is told to the application.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cluster/config.h"
#include "cluster/directory/tree.h"
#include "cluster/events.h"
#include "cluster/wire/parse.h"

namespace muster {

class Replica {
 public:
  Replica(const MemberKey& owner, const DirectoryConfig& config, Events& events);

  const MemberKey& owner() const { return owner_; }
  const Tree& tree() const { return *tree_; }

  enum class Applied : std::uint8_t {
    nothing,  ///< nothing new in it
    applied,
    gap,  ///< it builds on a version that is not here yet
    too_large,
  };
  Applied apply(const wire::AdvertisementView& advertisement);

  /// Where the next page of an answer continues: (since, cursor) of wire::SyncRequest.
  Version since() const { return since_; }
  Version cursor() const { return cursor_; }
  /// Starts to fetch anew: what is missing, or everything.
  void restart_fetch(bool everything);

  enum class Page : std::uint8_t {
    unexpected,  ///< does not continue what is staged; dropped
    staged,      ///< ask for the next
    committed,   ///< the copy is the owner's tree at the answer's version
    stale,       ///< was complete, but the copy has moved past it meanwhile
    wrong,       ///< was complete, and its digest is not the owner's: fetch everything
    too_large,
  };
  /// Pages are staged and become visible together: half an answer is no version of the tree.
  Page take(const wire::SectionView& section);

  /// The owner is gone: tells that every binding is withdrawn.
  void withdraw_all();

 private:
  struct Staged {
    Version version;
    wire::ChangeKind kind;
    std::string path;
    std::vector<std::byte> value;
  };
  bool stage(const wire::SectionView& section);
  Page commit(const wire::Section& head);
  void commit_changes();
  void commit_snapshot(Version floor);
  void change(Version version, wire::ChangeKind kind, std::string_view path,
              std::span<const std::byte> value);
  void tell_bound(const TreeEntry& entry);
  void tell_withdrawn(const TreeEntry& entry);

  MemberKey owner_;
  const DirectoryConfig& config_;
  Events& events_;
  std::unique_ptr<Tree> tree_;
  Version since_ = 0;
  Version cursor_ = 0;
  Version began_ = 0;  ///< the owner's version when the first page of a whole tree was written
  std::vector<Staged> staged_;
  std::size_t staged_bytes_ = 0;
};

}  // namespace muster
