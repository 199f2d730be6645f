// Whether a port has lost its link.
#pragma once

#include "cluster/packet.h"
#include "cluster/types.h"

namespace muster {

/// Asks the transport now and then, because the question costs a system call on some of them.
class PortWatch {
 public:
  static constexpr DurationNs interval_ns = 10'000'000;

  PortWatch(Transport& transport, DurationNs lost_after_ns)
      : transport_(transport), lost_after_ns_(lost_after_ns) {}

  /// Why the port is lost: there has been no link for as long as was configured, for eight times as
  /// long at the start, or the port is gone. Link::up while it is not.
  Link fault(TimeNs now) {
    if (now < next_ns_) return fault_;
    next_ns_ = now + interval_ns;
    const Link link = transport_.link();
    if (link == Link::up) {
      down_since_ns_ = never_ns;
      had_link_ = true;
      return fault_ = Link::up;
    }
    if (down_since_ns_ == never_ns) down_since_ns_ = now;
    // A NIC that has just been started negotiates for seconds.
    const DurationNs patience_ns = had_link_ ? lost_after_ns_ : 8 * lost_after_ns_;
    const bool lost =
        link == Link::gone || link == Link::given_back || now - down_since_ns_ >= patience_ns;
    return fault_ = lost ? link : Link::up;
  }

 private:
  Transport& transport_;
  const DurationNs lost_after_ns_;
  TimeNs next_ns_ = 0;
  TimeNs down_since_ns_ = never_ns;
  Link fault_ = Link::up;
  bool had_link_ = false;
};

}  // namespace muster
