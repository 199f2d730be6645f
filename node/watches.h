// Who wants to hear of changes below a prefix.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cluster/directory/index.h"
#include "cluster/directory/path_map.h"
#include "node/callbacks.h"
#include "node/node.h"

namespace muster {

/// Not thread-safe. A callback may add and remove watches, its own too.
class Watches {
 public:
  /// Calls back for what `index` holds already.
  WatchId add(std::string_view prefix, WatchCallback callback, const Index& index);
  void remove(WatchId id);
  /// Whoever is added after `newest` has seen the change in the tree as it stood. Costs a look at
  /// each prefix of the path, however many watches there are elsewhere.
  void tell(const Change& change, WatchId newest, Callbacks& callbacks);
  WatchId newest() const { return last_id_; }

 private:
  struct Watch {
    WatchId id;
    WatchCallback callback;
    bool removed = false;
  };

  void tell(std::string_view prefix, WatchId newest, const Change& change, Callbacks& callbacks);
  void erase_removed();

  WatchId last_id_ = 0;
  unsigned calling_ = 0;  // callbacks are running: nothing is erased
  bool any_removed_ = false;
  std::unordered_map<std::string, std::list<Watch>, StringHash, std::equal_to<>> by_prefix_;
};

}  // namespace muster
