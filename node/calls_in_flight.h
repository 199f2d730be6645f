// The callbacks of the calls that wait for an answer.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "cluster/events.h"
#include "node/node.h"

namespace muster {

/// Fixed in size. An id holds a place and how often the place was used, so that a late answer finds
/// nobody. Not thread-safe.
class CallsInFlight {
 public:
  explicit CallsInFlight(std::uint32_t calls_max) : places_(calls_max) {
    free_.reserve(calls_max);
    for (std::uint32_t i = calls_max; i > 0; --i) free_.push_back(i - 1);
  }

  bool full() const { return free_.empty(); }
  /// Requires that it is not full.
  CallId open(CallCallback callback) {
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Place& place = places_[index];
    place.callback = std::move(callback);
    return static_cast<CallId>(place.uses) << 32 | index;
  }
  /// The callback, which is not kept; empty when nobody waits for that call.
  CallCallback close(CallId id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= places_.size() || places_[index].uses != id >> 32) return nullptr;
    Place& place = places_[index];
    if (!place.callback) return nullptr;
    ++place.uses;
    free_.push_back(index);
    return std::exchange(place.callback, nullptr);
  }
  /// Calls `f(CallId)` for each that waits.
  template <class F>
  void for_each(F&& f) {
    for (std::uint32_t index = 0; index < places_.size(); ++index)
      if (places_[index].callback) f(static_cast<CallId>(places_[index].uses) << 32 | index);
  }

 private:
  struct Place {
    CallCallback callback;
    std::uint32_t uses = 1;
  };
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
};

}  // namespace muster
