// What one thread of the application sees of the directory.
#pragma once

#include <span>
#include <string_view>
#include <unordered_map>

#include "cluster/directory/index.h"
#include "node/callbacks.h"
#include "node/event.h"
#include "node/handler.h"
#include "node/huge_pages.h"
#include "node/pending_batch.h"
#include "node/watches.h"

namespace muster {

/// Changes as the engine tells of them, a batch at its end and as a whole; then tells the handler,
/// and whoever watches. Not thread-safe.
class DirectoryCopy {
 public:
  /// Both outlive it. What is called goes through `callbacks`, which the caller rethrows.
  DirectoryCopy(Handler& handler, Callbacks& callbacks)
      : handler_(handler), callbacks_(callbacks) {}
  DirectoryCopy(const DirectoryCopy&) = delete;
  DirectoryCopy& operator=(const DirectoryCopy&) = delete;

  Index& index() { return index_; }
  const Index& index() const { return index_; }
  WatchId watch(std::string_view prefix, WatchCallback callback);
  void unwatch(WatchId id) { watches_.remove(id); }

  void hear(BindingChanged& event);
  void hear(const BatchBegan& event) { batches_[event.owner.id]; }
  void hear(const BatchEnded& event);

 private:
  bool bound_already(const BindingChanged& change) const;
  void show(std::span<const BindingChanged> changes);

  Handler& handler_;
  Callbacks& callbacks_;
  HugePages memory_;
  Index index_{memory_};
  std::unordered_map<MemberId, PendingBatch> batches_;  ///< that have not ended
  Watches watches_;
};

}  // namespace muster
