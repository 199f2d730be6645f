#include "node/directory_copy.h"

#include <utility>
#include <vector>

namespace muster {

WatchId DirectoryCopy::watch(std::string_view prefix, WatchCallback callback) {
  return watches_.add(prefix, std::move(callback), index_);
}

/// What went and came back within a batch is no change; and a thread that came late is told what
/// there is and what changes, and may be told the same twice.
bool DirectoryCopy::bound_already(const BindingChanged& change) const {
  const Bound* bound = change.bound ? index_.find(change.owner, change.path) : nullptr;
  return bound != nullptr && bound->version == change.version;
}

/// Of a batch it is kept, not copied: a value may be large. No more is kept than what is bound now
/// and what will be: what comes and goes within the batch was never there.
void DirectoryCopy::hear(BindingChanged& event) {
  const auto batch = batches_.find(event.owner.id);
  if (batch == batches_.end()) return bound_already(event) ? void() : show({&event, 1});
  if (!event.bound && index_.find(event.owner, event.path) == nullptr)
    batch->second.drop(event);
  else
    batch->second.add(std::move(event));
}

void DirectoryCopy::hear(const BatchEnded& event) {
  auto batch = batches_.extract(event.owner.id);
  if (batch.empty()) return;  // it began before this thread came
  std::vector<BindingChanged> changes = batch.mapped().take();
  std::erase_if(changes, [this](const BindingChanged& change) { return bound_already(change); });
  show(changes);
}

/// All of it stands in the tree before anybody is told of any.
void DirectoryCopy::show(std::span<const BindingChanged> changes) {
  for (const BindingChanged& change : changes) {
    if (change.bound)
      index_.bind(change.binding());
    else
      index_.withdraw(change.owner, change.path);
  }
  const WatchId newest = watches_.newest();
  for (const BindingChanged& change : changes) {
    const Binding binding = change.binding();
    callbacks_.call(
        [&] { change.bound ? handler_.on_bound(binding) : handler_.on_withdrawn(binding); });
    watches_.tell({change.bound ? Change::Kind::bound : Change::Kind::withdrawn, binding}, newest,
                  callbacks_);
  }
}

}  // namespace muster
