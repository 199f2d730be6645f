// One member's part of the directory, at a version.
#pragma once

#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cluster/directory/content.h"
#include "cluster/directory/path_map.h"
#include "cluster/types.h"

namespace muster {

struct ByVersionTag;
struct TombstoneTag;
template <class Tag>
using TreeHook = boost::intrusive::set_base_hook<boost::intrusive::tag<Tag>,
                                                 boost::intrusive::optimize_size<true>>;
using ByVersionHook = TreeHook<ByVersionTag>;
using TombstoneHook = TreeHook<TombstoneTag>;

/// The latest change of one path: what it is bound to, or that it was withdrawn.
struct TreeEntry : ByVersionHook, TombstoneHook {
  std::string_view path;            ///< the map's key, which does not move
  std::vector<std::byte> contents;  ///< attributes, then value
  Version version = 0;
  std::uint32_t pass = 0;  ///< of the fetch that met it last, see Replica
  std::uint16_t attribute_bytes = 0;
  bool bound = false;

  Content content() const { return content_of(contents, attribute_bytes); }
  /// What the memory of one entry is reckoned at.
  std::size_t bytes() const { return reckon(path, contents.size()); }
  static std::size_t reckon(std::string_view path, std::size_t content_bytes) {
    return sizeof(TreeEntry) + 2 * path.size() + content_bytes;
  }
};

/// A tree keeps only the latest change of each path, in order of version: so it is its own log.
/// What a reader at version V misses is every entry changed after V; withdrawn paths stay as
/// tombstones until their memory is needed, and floor() says how far back none is missing.
class Tree {
 public:
  Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  Version version() const { return version_; }
  /// Readers at a version below this one need the whole tree: tombstones were forgotten.
  Version floor() const { return floor_; }
  /// docs/protocol.md §6.3: equal trees have equal digests in whatever order they were built.
  std::uint64_t digest() const { return digest_; }
  /// Not even a tombstone.
  bool bare() const { return by_version_.empty(); }
  /// Bindings, tombstones not counted.
  std::size_t size() const { return bindings_; }
  /// Memory of bindings and tombstones, as TreeEntry::bytes() reckons it.
  std::size_t bytes() const { return bytes_; }

  /// The binding at `path`, or nullptr.
  const TreeEntry* find(std::string_view path) const;

  /// Binds or withdraws at `version`; nullptr where the path has changed at `version` or later
  /// already.
  TreeEntry* bind(Version version, std::string_view path, const Content& content);
  TreeEntry* withdraw(Version version, std::string_view path);
  /// Withdraws everything at `version`, and remembers none of it.
  void clear(Version version);
  void swap(Tree& other) noexcept;
  /// As if the path had never been.
  void erase(TreeEntry& entry);
  /// What the tree holds is now all that happened up to `version`.
  void advance(Version version) { version_ = version; }
  void set_floor(Version floor) { floor_ = floor; }
  /// Forgets the oldest tombstones until at most `bytes_max` are spent on them.
  void trim_tombstones(std::size_t bytes_max);

  /// Entries in order of version, tombstones included.
  using ByVersion = boost::intrusive::set<TreeEntry, boost::intrusive::base_hook<ByVersionHook>>;
  ByVersion::const_iterator begin() const { return by_version_.begin(); }
  ByVersion::const_iterator end() const { return by_version_.end(); }
  ByVersion::iterator begin() { return by_version_.begin(); }
  ByVersion::iterator end() { return by_version_.end(); }
  /// The first entry changed after `version`.
  ByVersion::const_iterator after(Version version) const;
  ByVersion::iterator after(Version version);
  /// The latest change of `path`, a withdrawal included, or nullptr.
  TreeEntry* latest(std::string_view path);
  /// Whatever was changed at `version` and not since, or nullptr.
  TreeEntry* at(Version version);

 private:
  TreeEntry* change(Version version, std::string_view path);
  void take_out(TreeEntry& entry);

  PathMap<TreeEntry> entries_;
  ByVersion by_version_;
  boost::intrusive::set<TreeEntry, boost::intrusive::base_hook<TombstoneHook>> tombstones_;
  Version version_ = 0;
  Version floor_ = 0;
  std::uint64_t digest_ = 0;
  std::size_t bindings_ = 0;
  std::size_t bytes_ = 0;
  std::size_t tombstone_bytes_ = 0;
};

bool operator<(const TreeEntry& a, const TreeEntry& b);

}  // namespace muster
