// What really happened: which process lived as which incarnation, and what each bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/attributes.h"
#include "cluster/types.h"

namespace muster::sim {

/// Chains the bindings of a tree in order of version: equal trees, equal hashes, and no other.
class ContentHash {
 public:
  /// `content`: attributes, then value.
  void add(Version version, std::string_view path, std::span<const std::byte> content);
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0;
};

/// One process, from start to end: its part of the tree at every version.
class Life {
 public:
  struct Change {
    bool bound;
    std::string path;
    std::vector<std::byte> content;  ///< attributes, then value
    bool more = false;               ///< becomes visible together with the next change

    bool is(Attributes attributes, std::span<const std::byte> value) const;
  };

  void bind(std::string_view path, std::span<const std::byte> value, Attributes attributes);
  void withdraw(std::string_view path);
  void withdraw_all();
  /// All or nothing is seen of what changes from `first` on.
  void join(Version first);
  /// Somebody may be at this version: it does not lie within a batch.
  bool visible(Version version) const { return version == 0 || !changes_[version - 1].more; }

  Version version() const { return changes_.size(); }
  std::size_t bindings() const { return by_path_.size(); }
  /// The change that made `version`; nullptr where there was none.
  const Change* change(Version version) const {
    return version == 0 || version > changes_.size() ? nullptr : &changes_[version - 1];
  }
  /// ContentHash at `version`, which is at most version().
  std::uint64_t content(Version version) const { return contents_[version]; }
  bool binds(std::string_view path) const { return by_path_.contains(path); }
  /// To exactly this content.
  bool binds(std::string_view path, std::span<const std::byte> content) const;

 private:
  void changed(Change change);

  std::vector<Change> changes_;
  std::vector<std::uint64_t> contents_{0};
  std::map<std::string, Version, std::less<>> by_path_;
  std::map<Version, std::string_view> by_version_;
};

class Ledger {
 public:
  explicit Ledger(std::size_t servers) : lives_(servers) {}

  /// A process has started.
  void begin(std::size_t server, Incarnation incarnation);
  /// The same process speaks as another incarnation from now on.
  void reincarnate(std::size_t server, Incarnation incarnation);

  /// The process that lives, or lived last.
  Life& current(std::size_t server) { return *lives_[server].back().second; }
  /// nullptr: nobody ever lived as that.
  const Life* find(std::size_t server, Incarnation incarnation) const;
  /// The highest incarnation that the server has ever had; 0: none.
  Incarnation highest(std::size_t server) const;

 private:
  std::vector<std::vector<std::pair<Incarnation, std::shared_ptr<Life>>>> lives_;
};

}  // namespace muster::sim
