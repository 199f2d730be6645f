// What the threads of a port's queues tell each other. The first one answers for the member; where
// stations are all have to know, since each sends to its own peers.
#include <cstring>
#include <type_traits>

#include <rte_mbuf.h>

#include "dpdk_transport/clock.h"
#include "dpdk_transport/dpdk_transport.h"

namespace muster {

using namespace dpdk;  // NOLINT(google-build-using-namespace): this file is that floor's front

static_assert(std::is_trivially_copyable_v<Station>);

/// Those whose ring is full do not hear of it: doubt_neighbours() is for them.
void DpdkTransport::tell_others(const Station& station) {
  for (QueueLink& link : links_) {
    Frame* frame = control_frame(sizeof station);
    if (frame == nullptr) return;
    std::memcpy(bytes(*frame).data(), &station, sizeof station);
    hand_over(link.news_out, *frame);
  }
}

void DpdkTransport::hand_over(QueueRings::Ring& ring, Frame& frame) {
  if (ring.push(&frame)) return;
  ++stats_.ring_full;
  rte_pktmbuf_free(&frame);
}

/// How many frames of theirs there were.
std::size_t DpdkTransport::hear_others() {
  std::array<Frame*, burst_max> frames;
  std::size_t heard = 0;
  for (QueueLink& link : links_) {
    const std::size_t news = link.news_in.pop(frames);
    for (Frame* frame : std::span(frames).first(news)) hear_news(*frame);
    heard += news;
    if (queue_ > 0) continue;
    const std::size_t questions = link.questions.pop(frames);
    for (Frame* frame : std::span(frames).first(questions))
      answer(*frame, classified(*frame, bytes(*frame)));
    heard += questions;
  }
  doubt_neighbours();
  return heard;
}

void DpdkTransport::hear_news(Frame& frame) {
  Station station;
  std::memcpy(&station, bytes(frame).data(), sizeof station);
  const bool known = neighbours_.hear_again(station);
  if (!known) believe(station);
  if (!known && queue_ == 0) tell_others(station);
  rte_pktmbuf_free(&frame);
}

/// A station that has moved may be heard by another queue only, and the news of it lost. So whoever
/// this queue has not heard of for a while is asked for; what it knows holds meanwhile. All are
/// told what is answered.
void DpdkTransport::doubt_neighbours() {
  const TimeNs now = now_ns();
  if (now < next_doubt_ns_) return;
  next_doubt_ns_ = now + doubt_interval_ns_;
  neighbours_.doubt_some([this](const IpAddress& address) { ask_for(address); });
}

}  // namespace muster
