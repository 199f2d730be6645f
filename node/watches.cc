#include "node/watches.h"

#include <algorithm>
#include <iterator>
#include <utility>

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
  auto& [own_prefix, watches] = *by_prefix_.try_emplace(std::string(prefix)).first;
  Watch& watch = watches.emplace_back(++last_id_, std::move(callback));
  const WatchId id = watch.id;
  const Calling calling(calling_);
  // The callback may send and advertise, but the index changes only from within poll().
  index.list(own_prefix, [&](std::string_view path, const Bound& bound) {
    if (!watch.removed)
      watch.callback({Change::Kind::bound,
                      {bound.owner, path, bound.value, bound.version, bound.attributes.view()}});
  });
  return id;
}

void Watches::remove(WatchId id) {
  for (auto& [prefix, watches] : by_prefix_)
    for (Watch& watch : watches)
      if (watch.id == id) watch.removed = any_removed_ = true;
}

void Watches::tell(const Change& change, WatchId newest, Callbacks& callbacks) {
  if (calling_ == 0 && any_removed_) erase_removed();
  const Calling calling(calling_);
  const std::string_view path = change.binding.path;
  tell("/", newest, change, callbacks);
  for (std::size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    tell(path.substr(0, end), newest, change, callbacks);
  }
}

void Watches::tell(std::string_view prefix, WatchId newest, const Change& change,
                   Callbacks& callbacks) {
  const auto found = by_prefix_.find(prefix);
  if (found == by_prefix_.end()) return;
  std::list<Watch>& watches = found->second;  // stays where it is, whatever a callback adds
  for (Watch& watch : watches)
    if (watch.id <= newest && !watch.removed) callbacks.call([&] { watch.callback(change); });
}

void Watches::erase_removed() {
  any_removed_ = false;
  for (auto at = by_prefix_.begin(); at != by_prefix_.end();) {
    at->second.remove_if([](const Watch& watch) { return watch.removed; });
    at = at->second.empty() ? by_prefix_.erase(at) : std::next(at);
  }
}

}  // namespace muster
