// Who wants to hear of changes below a prefix.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/directory/index.h"
#include "node/node.h"

namespace muster {

/// Not thread-safe. A callback may add and remove watches, its own too.
class Watches {
 public:
  /// Calls back for what `index` holds already.
  WatchId add(std::string_view prefix, WatchCallback callback, const Index& index);
  void remove(WatchId id);
  void tell(const Change& change);

 private:
  struct Watch {
    WatchId id;
    std::string prefix;
    WatchCallback callback;
    bool removed = false;
  };

  WatchId last_id_ = 0;
  unsigned calling_ = 0;  // callbacks are running: nothing is erased
  std::list<Watch> watches_;
};

}  // namespace muster
