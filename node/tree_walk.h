// Goes through all that is bound, in steps, while it changes.
#pragma once

#include <cstddef>
#include <vector>

#include "cluster/events.h"
#include "cluster/member.h"

namespace muster {

/// Each binding that stood at the beginning, unless it has changed since or its owner is gone: so
/// whoever hears the changes as well misses nothing.
class TreeWalk {
 public:
  TreeWalk() = default;
  /// Of one that has nothing to go through one step is due all the same.
  explicit TreeWalk(const Member& member) : done_(false) {
    add(member.self(), member.directory().own());
    for (const auto& [id, peer] : member.membership().peers())
      if (const Replica* copy = member.directory().replica(id); copy != nullptr)
        add(copy->owner(), copy->tree());
  }

  bool done() const { return done_; }
  /// `f(const Binding&)` for up to `entries` of them. Returns how many were looked at.
  template <class F>
  std::size_t step(const Member& member, std::size_t entries, F&& f) {
    std::size_t looked_at = 0;
    while (looked_at < entries && !places_.empty()) {
      Place& place = places_.back();
      const Tree* tree = tree_of(member, place.owner);
      if (tree == nullptr) {
        places_.pop_back();
        continue;
      }
      auto at = tree->after(place.at);
      for (; at != tree->end() && at->version <= place.until && looked_at < entries; ++at) {
        ++looked_at;
        place.at = at->version;
        if (!at->bound) continue;
        const Content content = at->content();
        f(Binding{place.owner, at->path, content.value, at->version, content.attributes});
      }
      if (at == tree->end() || at->version > place.until) places_.pop_back();
    }
    done_ = places_.empty();
    return looked_at;
  }

 private:
  struct Place {
    MemberKey owner;
    Version at = 0;
    Version until = 0;
  };

  void add(const MemberKey& owner, const Tree& tree) {
    if (tree.begin() == tree.end()) return;
    auto last = tree.end();
    places_.push_back({owner, 0, (--last)->version});
  }
  static const Tree* tree_of(const Member& member, const MemberKey& owner) {
    if (owner == member.self()) return &member.directory().own();
    const Replica* copy = member.directory().replica(owner.id);
    return copy == nullptr || copy->owner() != owner ? nullptr : &copy->tree();
  }

  std::vector<Place> places_;
  bool done_ = true;
};

}  // namespace muster
