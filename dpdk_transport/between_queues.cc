// What the threads of a port's queues tell each other. The first one answers for the member; where
// stations are all have to know, since each sends to its own peers.
#include <cstring>
#include <type_traits>

#include <rte_mbuf.h>

#include "dpdk_transport/dpdk_transport.h"

namespace muster {

using namespace dpdk;  // NOLINT(google-build-using-namespace): this file is that floor's front

static_assert(std::is_trivially_copyable_v<Station>);

/// Whoever is new here, or at another place, is so to the others as well. Where one of them takes
/// no news, nothing is learned here either: so the next frame tells it again. False: then.
bool DpdkTransport::learn_with_others(const Station& station) {
  const MacAddress* known = neighbours_.find(station.address);
  if (known != nullptr && *known == station.mac) return true;
  if (!tell_others(station)) return false;
  neighbours_.learn(station);
  return true;
}

bool DpdkTransport::tell_others(const Station& station) {
  for (QueueLink& link : links_) {
    Frame* frame = control_frame(sizeof station);
    if (frame == nullptr) return false;
    std::memcpy(bytes(*frame).data(), &station, sizeof station);
    if (!hand_over(link, {*frame, Handed::Kind::station})) return false;
  }
  return true;
}

bool DpdkTransport::hand_over(QueueLink& link, Handed handed) {
  if (link.out.push(handed)) return true;
  ++stats_.ring_full;
  rte_pktmbuf_free(handed.frame());
  return false;
}

void DpdkTransport::hear_others() {
  for (QueueLink& link : links_) {
    for (std::size_t i = 0; i < burst_max; ++i) {
      if (link.held.frame() == nullptr && !link.in.pop(link.held)) break;
      if (!take(link.held)) break;
      link.held = {};
    }
  }
}

/// False: it cannot be passed on now.
bool DpdkTransport::take(Handed handed) {
  Frame& frame = *handed.frame();
  if (!handed.is_station()) {
    answer(frame, classified(frame, bytes(frame)));
    return true;
  }
  Station station;
  std::memcpy(&station, bytes(frame).data(), sizeof station);
  if (queue_ > 0)
    neighbours_.learn(station);
  else if (!learn_with_others(station))
    return false;
  rte_pktmbuf_free(&frame);
  return true;
}

}  // namespace muster
