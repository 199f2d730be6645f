// Whose time has come: timers that stand in what they are for, in the order of time.
#pragma once

#include <boost/intrusive/set.hpp>

#include "cluster/types.h"

namespace muster {

/// Of one thing, which derives from it. It is disarmed where that thing ends.
class Timer : public boost::intrusive::set_base_hook<
                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void disarm() {
    if (is_linked()) unlink();
  }
  friend bool operator<(const Timer& a, const Timer& b) { return a.at_ns_ < b.at_ns_; }

 private:
  template <class Owner>
  friend class TimerQueue;
  TimeNs at_ns_ = 0;
};

/// What is waited for is often put off, and seldom happens. So a timer only ever moves to an
/// earlier moment; when it comes, its owner looks whether it is due indeed, and arms it anew.
template <class Owner>
class TimerQueue {
 public:
  /// Nobody's moment comes before this; never_ns: nobody's does.
  TimeNs next_ns() const { return timers_.empty() ? never_ns : timers_.begin()->at_ns_; }
  /// Its moment comes at `due`, or before.
  void arm(Owner& owner, TimeNs due) {
    Timer& timer = owner;
    if (due == never_ns || (timer.is_linked() && timer.at_ns_ <= due)) return;
    timer.disarm();
    timer.at_ns_ = due;
    timers_.insert(timer);
  }
  /// One whose moment has come, disarmed; of several the earliest. nullptr: there is none.
  Owner* pop(TimeNs now) {
    if (timers_.empty() || timers_.begin()->at_ns_ > now) return nullptr;
    Timer& first = *timers_.begin();
    first.disarm();
    return &static_cast<Owner&>(first);
  }
  void clear() { timers_.clear(); }

 private:
  boost::intrusive::multiset<Timer, boost::intrusive::constant_time_size<false>> timers_;
};

}  // namespace muster
