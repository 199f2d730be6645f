// The whole naming tree as the application looks at it: every name with all who bind it.
// Built from binding events alone, so it can stand in any thread that hears them.
#pragma once

#include <boost/intrusive/set.hpp>
#include <boost/intrusive/unordered_set.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/directory/bound.h"
#include "cluster/events.h"
#include "cluster/types.h"

namespace muster {

/// Not thread-safe.
class Index {
 public:
  Index();
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  void bind(const Binding& binding);
  void withdraw(const MemberKey& owner, std::string_view path);

  /// All who bind `path`, in the order in which they were heard; empty where nobody does. Valid
  /// until the next change. Constant time.
  std::span<const Bound> lookup(std::string_view path) const;
  /// One of those, in turn; nullptr where nobody binds `path`.
  const Bound* pick(std::string_view path);

  /// Calls `visit(path, bound)` for each binding below `prefix`, in ascending order of paths. A
  /// prefix is a path (itself and all below it), or "/" for everything.
  template <class Visit>
  void list(std::string_view prefix, Visit&& visit) const {
    for (auto at = ordered_.lower_bound(prefix, ByPath{}); at != ordered_.end(); ++at) {
      if (!std::string_view(at->path).starts_with(prefix)) break;
      if (!below(at->path, prefix)) continue;
      for (const Bound& bound : at->bound) visit(std::string_view(at->path), bound);
    }
  }
  /// Is `path` the path `prefix`, or below it?
  static bool below(std::string_view path, std::string_view prefix) {
    return prefix == "/" || (path.starts_with(prefix) &&
                             (path.size() == prefix.size() || path[prefix.size()] == '/'));
  }

  /// Names bound by at least one member.
  std::size_t names() const { return hashed_.size(); }

 private:
  struct Name : boost::intrusive::set_base_hook<>,
                boost::intrusive::unordered_set_base_hook<boost::intrusive::store_hash<true>> {
    explicit Name(std::string_view text) : path(text) {}
    static std::size_t hash_of(std::string_view path);

    std::string path;
    std::vector<Bound> bound;
    std::size_t turn = 0;

    friend bool operator<(const Name& a, const Name& b) { return a.path < b.path; }
    friend bool operator==(const Name& a, const Name& b) { return a.path == b.path; }
    friend std::size_t hash_value(const Name& name) { return hash_of(name.path); }
  };
  struct ByPath {
    bool operator()(const Name& a, std::string_view b) const { return a.path < b; }
    bool operator()(std::string_view a, const Name& b) const { return a < b.path; }
  };
  using Hashed = boost::intrusive::unordered_set<Name, boost::intrusive::power_2_buckets<true>>;

  Name* find(std::string_view path) const;
  void erase_if_unbound(Name& name);
  void grow();

  std::unique_ptr<Hashed::bucket_type[]> buckets_;
  std::size_t bucket_count_;
  mutable Hashed hashed_;
  boost::intrusive::set<Name> ordered_;
};

}  // namespace muster
