// Notices that a port has lost its link.
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

  /// True once for each loss: there was a link, and there has been none for as long as was
  /// configured.
  bool lost(TimeNs now) {
    if (now < next_ns_) return false;
    next_ns_ = now + interval_ns;
    if (transport_.link_up()) {
      down_since_ns_ = never_ns;
      told_ = false;
      had_link_ = true;
      return false;
    }
    if (!had_link_) return false;  // a NIC negotiates for seconds
    if (down_since_ns_ == never_ns) down_since_ns_ = now;
    if (told_ || now - down_since_ns_ < lost_after_ns_) return false;
    told_ = true;
    return true;
  }

 private:
  Transport& transport_;
  const DurationNs lost_after_ns_;
  TimeNs next_ns_ = 0;
  TimeNs down_since_ns_ = never_ns;
  bool told_ = false;
  bool had_link_ = false;
};

}  // namespace muster
