#include "node/watches.h"

#include <algorithm>

namespace muster {
namespace {

/// Counts itself for as long as it lives, whatever a callback throws.
class Calling {
 public:
  explicit Calling(unsigned& count) : count_(count) { ++count_; }
  Calling(const Calling&) = delete;
  Calling& operator=(const Calling&) = delete;
  ~Calling() { --count_; }

 private:
  unsigned& count_;
};

}  // namespace

WatchId Watches::add(std::string_view prefix, WatchCallback callback, const Index& index) {
  Watch& watch = watches_.emplace_back(++last_id_, std::string(prefix), std::move(callback));
  const Calling calling(calling_);
  // The callback may send and advertise, but the index changes only from within poll().
  index.list(watch.prefix, [&](std::string_view path, const Bound& bound) {
    if (!watch.removed)
      watch.callback({Change::Kind::bound, {bound.owner, path, bound.value, bound.version}});
  });
  return watch.id;
}

void Watches::remove(WatchId id) {
  const auto found = std::ranges::find(watches_, id, &Watch::id);
  if (found != watches_.end()) found->removed = true;
}

void Watches::tell(const Change& change) {
  if (calling_ == 0) watches_.remove_if([](const Watch& watch) { return watch.removed; });
  const Calling calling(calling_);
  // Whoever is added from here on has seen this change in the tree as it stands.
  const WatchId last = last_id_;
  for (Watch& watch : watches_)
    if (watch.id <= last && !watch.removed && Index::below(change.binding.path, watch.prefix))
      watch.callback(change);
}

}  // namespace muster
