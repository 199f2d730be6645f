// As whose the application knows the own bindings, by their versions. Once this member speaks as
// another incarnation they are told anew one by one, the oldest first.
#pragma once

#include <algorithm>
#include <vector>

#include "cluster/types.h"

namespace muster {

class KnownAs {
 public:
  explicit KnownAs(const MemberKey& self) : self_(self) {}

  /// The owner that is told from now on.
  const MemberKey& self() const { return self_; }
  const MemberKey& owner(Version version) const {
    if (version <= told_) return self_;
    const auto part = std::ranges::lower_bound(parts_, version, {}, &Part::last);
    return part == parts_.end() ? self_ : part->owner;
  }

  /// Another owner, of all that has changed up to `last` too.
  void change(const MemberKey& to, Version last) {
    if (told_ > 0) parts_.insert(parts_.begin(), {told_, self_});
    parts_.push_back({last, self_});
    told_ = 0;
    self_ = to;
  }
  /// Forgets the parts in which `holds(after, last)` says that there is nothing: so there are never
  /// more than there are bindings, however often this member changes before it has told them.
  template <class Holds>
  void merge(Holds holds) {
    Version before = 0;
    auto kept = parts_.begin();
    for (const Part& part : parts_) {
      if (!holds(before, part.last)) continue;
      before = part.last;
      *kept++ = part;
    }
    parts_.erase(kept, parts_.end());
  }
  /// There are bindings to tell anew: those after told().
  bool pending() const { return !parts_.empty(); }
  Version told() const { return told_; }
  /// Where there is none up to the last of them, pending() ends.
  void tell(Version version) {
    told_ = version;
    std::erase_if(parts_, [=](const Part& each) { return each.last <= version; });
    if (parts_.empty()) told_ = 0;
  }

 private:
  /// Up to this version, from where the one before ends.
  struct Part {
    Version last;
    MemberKey owner;
  };
  MemberKey self_;
  std::vector<Part> parts_;
  Version told_ = 0;
};

}  // namespace muster
