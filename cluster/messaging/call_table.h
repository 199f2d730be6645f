// The calls that wait for an answer (docs/protocol.md §8.2).
#pragma once

#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/events.h"
#include "cluster/types.h"

namespace muster {

/// Who is to answer a call, and on which channel.
struct Callee {
  MemberId member{};
  ChannelId channel = 0;

  friend bool operator==(const Callee&, const Callee&) = default;
};

/// Gives each call an id, which holds a place and how often the place was used, so that a late
/// answer finds nobody. `Waiter` is what is kept for whoever waits. Fixed in size: nothing is
/// allocated after construction, unless a Waiter does. Not thread-safe.
template <class Waiter>
class CallTable {
 public:
  /// What was called from one table may be answered when its channel is another's: tables of one
  /// member count the uses of their places from different numbers on.
  explicit CallTable(std::uint32_t calls_max, std::uint32_t first_use = 1) : places_(calls_max) {
    free_.reserve(calls_max);
    ending_.reserve(calls_max);
    for (Place& place : places_) place.uses = first_use;
    for (std::uint32_t i = calls_max; i > 0; --i) free_.push_back(i - 1);
  }
  CallTable(const CallTable&) = delete;
  CallTable& operator=(const CallTable&) = delete;

  bool full() const { return free_.empty(); }
  std::size_t size() const { return places_.size() - free_.size(); }
  /// Requires that it is not full.
  CallId open(const Callee& callee, TimeNs deadline, Waiter waiter) {
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Place& place = places_[index];
    place.callee = callee;
    place.deadline = deadline;
    place.waiter.emplace(std::move(waiter));
    by_deadline_.insert(place);
    return id_of(place);
  }
  /// Nobody waits for it any more; nullopt if nobody did.
  std::optional<Waiter> close(CallId id) {
    Place* place = at(id);
    return place == nullptr ? std::nullopt : std::optional<Waiter>(take(*place));
  }
  /// Whoever waits for it, or nullptr; valid until the next change.
  Waiter* find(CallId id) {
    Place* place = at(id);
    return place == nullptr ? nullptr : &*place->waiter;
  }
  /// Another member is to answer it, until the same deadline. Requires that somebody waits.
  void move(CallId id, const Callee& callee) { at(id)->callee = callee; }
  /// Who is to answer it; nullopt if nobody waits.
  std::optional<Callee> callee(CallId id) {
    const Place* place = at(id);
    return place == nullptr ? std::nullopt : std::optional(place->callee);
  }
  /// An answer has come; nullopt, and nothing changes, if nobody waits for it from there.
  std::optional<Waiter> answer(CallId id, const Callee& from) {
    Place* place = at(id);
    if (place == nullptr || place->callee != from) return std::nullopt;
    return take(*place);
  }

  /// never_ns when no call waits.
  TimeNs next_deadline() const {
    return by_deadline_.empty() ? never_ns : by_deadline_.begin()->deadline;
  }
  /// Takes out the calls whose deadline has passed, in the order of deadlines: `f(CallId, Waiter)`,
  /// which may open others that end later.
  template <class F>
  void expire(TimeNs now, F&& f) {
    while (next_deadline() <= now) take(*by_deadline_.begin(), f);
  }
  /// Takes out the calls to one member, in the order of deadlines: `f(CallId, Waiter)`, which may
  /// open others, to other members, and close any. Those stay for which `stays(CallId)` is true: it
  /// has moved them.
  template <class Stays, class F>
  void erase_callee(MemberId member, Stays&& stays, F&& f) {
    ending_.clear();
    for (const Place& place : by_deadline_)
      if (place.callee.member == member) ending_.push_back(id_of(place));
    for (const CallId id : ending_)
      if (Place* place = at(id); place != nullptr && !stays(id)) take(*place, f);
  }
  template <class F>
  void erase_callee(MemberId member, F&& f) {
    erase_callee(member, [](CallId) { return false; }, f);
  }
  /// Takes out all: `f(CallId, Waiter)`, which opens none.
  template <class F>
  void erase_all(F&& f) {
    while (!by_deadline_.empty()) take(*by_deadline_.begin(), f);
  }

 private:
  struct Place : boost::intrusive::set_base_hook<> {
    std::uint32_t uses = 0;
    Callee callee;
    TimeNs deadline = 0;
    std::optional<Waiter> waiter;
  };
  struct DeadlineOf {
    using type = TimeNs;
    TimeNs operator()(const Place& place) const { return place.deadline; }
  };
  using ByDeadline = boost::intrusive::multiset<Place, boost::intrusive::key_of_value<DeadlineOf>>;

  std::uint32_t index_of(const Place& place) const {
    return static_cast<std::uint32_t>(&place - places_.data());
  }
  /// Never 0.
  CallId id_of(const Place& place) const {
    return static_cast<CallId>(place.uses) << 32 | (CallId{index_of(place)} + 1);
  }
  Place* at(CallId id) {
    const std::uint32_t index = static_cast<std::uint32_t>(id) - 1;
    if (index >= places_.size()) return nullptr;
    Place& place = places_[index];
    return place.waiter && place.uses == id >> 32 ? &place : nullptr;
  }
  Waiter take(Place& place) {
    by_deadline_.erase(by_deadline_.iterator_to(place));
    free_.push_back(index_of(place));
    ++place.uses;
    Waiter waiter = std::move(*place.waiter);
    place.waiter.reset();
    return waiter;
  }
  template <class F>
  void take(Place& place, F& f) {
    const CallId id = id_of(place);
    f(id, take(place));
  }

  // The set only links the places, and goes first.
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
  ByDeadline by_deadline_;
  std::vector<CallId> ending_;
};

}  // namespace muster
