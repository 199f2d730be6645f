// The whole naming tree as the application looks at it: every name with all who bind it.
// Built from binding events alone, so it can stand in any thread that hears them.
#pragma once

#include <algorithm>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <memory_resource>
#include <span>
#include <string_view>
#include <utility>

#include "cluster/directory/bound.h"
#include "cluster/directory/name.h"
#include "cluster/directory/name_table.h"
#include "cluster/directory/pick.h"
#include "cluster/events.h"
#include "cluster/types.h"

namespace muster {

/// Not thread-safe.
class Index {
 public:
  /// `memory` outlives the index. It is asked for large pieces, for the table and for the names:
  /// with a million of them lookups are faster in huge pages.
  explicit Index(std::pmr::memory_resource& memory = *std::pmr::get_default_resource())
      : table_(memory), pool_(name_blocks, &memory) {}
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  void bind(const Binding& binding);
  void withdraw(const MemberKey& owner, std::string_view path);

  /// All who bind `path`, in the order in which they were heard; empty where nobody does. Valid
  /// until the next change. Constant time.
  std::span<const Bound> lookup(std::string_view path) const {
    const NameSlot* slot = table_.find(path);
    if (slot == nullptr) return {};
    return {slot->bound, slot->bound_count};
  }
  /// What this owner binds it to, or nullptr.
  const Bound* find(const MemberKey& owner, std::string_view path) const {
    const std::span<const Bound> all = lookup(path);
    const auto bound = std::ranges::find(all, owner, &Bound::owner);
    return bound == all.end() ? nullptr : &*bound;
  }
  /// One of those; nullptr where none is a candidate. See choose().
  template <class Distance>
  const Bound* pick(std::string_view path, const Pick& how, Random& dice, Distance&& distance_ns) {
    NameSlot* slot = table_.find(path);
    if (slot == nullptr) return nullptr;
    return choose(how, {slot->bound, slot->bound_count}, slot->name->turn, dice,
                  std::forward<Distance>(distance_ns));
  }

  /// Calls `visit(path, bound)` for each binding below `prefix`, in ascending order of paths. A
  /// prefix is a path (itself and all below it), or "/" for everything.
  template <class Visit>
  void list(std::string_view prefix, Visit&& visit) const {
    if (prefix != "/")
      for (const Bound& bound : lookup(prefix)) visit(prefix, bound);
    for (auto at = ordered_.lower_bound(prefix, Below{}); at != ordered_.end(); ++at) {
      if (!below(at->path(), prefix)) break;
      for (const Bound& bound : at->bound) visit(at->path(), bound);
    }
  }
  /// Is `path` the path `prefix`, or below it?
  static bool below(std::string_view path, std::string_view prefix) {
    return prefix == "/" || (path.starts_with(prefix) &&
                             (path.size() == prefix.size() || path[prefix.size()] == '/'));
  }

  /// Names bound by at least one member.
  std::size_t names() const { return table_.size(); }

 private:
  /// Is the name before all that lies below the prefix? Other names may stand between a prefix and
  /// what lies below it ("/shop", "/shop-2", "/shop/a"), any number of them.
  struct Below {
    bool operator()(const Name& name, std::string_view prefix) const {
      if (prefix == "/") return false;
      const std::string_view path = name.path();
      const int order = path.substr(0, prefix.size()).compare(prefix);
      return order < 0 ||
             (order == 0 && (path.size() == prefix.size() || path[prefix.size()] < '/'));
    }
  };

  /// Pieces of at most some ten MiB: large enough for huge pages, and not much of the last one is
  /// idle.
  static constexpr std::pmr::pool_options name_blocks{.max_blocks_per_chunk = 1 << 16,
                                                      .largest_required_pool_block = 512};

  NameTable table_;
  std::pmr::unsynchronized_pool_resource pool_;  ///< the names'
  boost::intrusive::set<Name, boost::intrusive::constant_time_size<false>> ordered_;
};

}  // namespace muster
