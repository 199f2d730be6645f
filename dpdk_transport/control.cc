// What a member says and answers on its segment beside datagrams: who is where, who is in which
// group, and echo.
#include <rte_mbuf.h>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/clock.h"
#include "dpdk_transport/discovery.h"
#include "dpdk_transport/dpdk_transport.h"
#include "dpdk_transport/echo.h"
#include "dpdk_transport/igmp.h"
#include "dpdk_transport/mld.h"

namespace muster {

using namespace dpdk;  // NOLINT(google-build-using-namespace): this file is that floor's front

/// What is no datagram; its frame is gone. Of several queues the first answers.
void DpdkTransport::answer(Frame& frame, const Classified& question) {
  if (queue_ > 0) {
    hand_over(links_.front().questions, frame);
    return;
  }
  switch (question.kind) {
    case FrameKind::arp:
      return handle_arp(frame);
    case FrameKind::echo_request:
      return answer_echo(frame, question);
    case FrameKind::neighbour:
      handle_discovery(frame, question);
      break;
    case FrameKind::group_query:
      answer_query(question.bytes);
      break;
    default:
      break;
  }
  rte_pktmbuf_free(&frame);
}

/// What comes from elsewhere bears the gateway's Ethernet address.
bool DpdkTransport::is_neighbour(const Station& station) const {
  return station.address != station_.address && route_.on_segment(station.address);
}

/// Of whom a datagram came. Whoever is new here, or at another place, is so to other queues as
/// well.
void DpdkTransport::learn(const Station& station) {
  if (!is_neighbour(station)) return;
  const bool news = neighbours_.learn_if_room(station);
  if (news && !links_.empty()) tell_others(station);
}

/// Somebody says where he is. Only who was asked for pushes out another: floods of answers that
/// nobody wanted would push out those whom we talk to.
void DpdkTransport::believe(const Station& station) {
  if (pacer_.has_asked(station.address))
    neighbours_.learn(station);
  else
    neighbours_.learn_if_room(station);
}

/// True: it asks for us. Who asks for others is not learned anew, as RFC 826 and RFC 4861 (7.2.3)
/// have it: a storm of questions would push those out whom we talk to.
bool DpdkTransport::hear(const NeighbourNews& news) {
  if (news.conflict) ++stats_.address_conflicts;
  const bool stranger = news.asks_others && neighbours_.find(news.sender.address) == nullptr;
  if (news.valid && !stranger && is_neighbour(news.sender)) {
    const bool known = neighbours_.hear_again(news.sender);
    if (!known) believe(news.sender);
    // Another queue may have doubted or forgotten it, and have asked.
    if (!known || news.answer) tell_others(news.sender);
  }
  if (news.for_us)
    ++stats_.neighbours_answered;
  else if (!news.answer)
    ++stats_.not_for_us;
  return news.for_us;
}

/// Answers are made of the frames that ask, without what was appended to these: a NIC takes no
/// longer ones than the mtu lets be.
void DpdkTransport::handle_arp(Frame& frame) {
  if (!hear(read_arp(bytes(frame), station_))) return rte_pktmbuf_free(&frame);
  resize(frame, arp_frame_bytes);
  make_arp_reply(bytes(frame), station_);
  send_control(frame);
}

void DpdkTransport::handle_discovery(const Frame& frame, const Classified& message) {
  const NeighbourNews news = read_discovery(bytes(frame), message, station_);
  if (!hear(news)) return;
  Frame* answer = control_frame(discovery_frame_bytes);
  if (answer == nullptr) return;
  if (news.sender.address.is_unspecified())
    write_discovery_announcement(bytes(*answer), station_);
  else
    write_advertisement(bytes(*answer), station_, news.sender);
  send_control(*answer);
}

void DpdkTransport::answer_echo(Frame& frame, const Classified& request) {
  const MacAddress& source = header_at<EthernetHeader>(bytes(frame), 0).source;
  if (!is_station({.address = request.source.address, .mac = source})) {
    ++stats_.malformed;
    return rte_pktmbuf_free(&frame);
  }
  const std::size_t size = std::size_t{request.offset} + request.bytes;
  if (size > sizeof(EthernetHeader) + mtu_) {
    ++stats_.too_long;
    return rte_pktmbuf_free(&frame);
  }
  resize(frame, size);
  make_echo_reply(bytes(frame), request, station_);
  ++stats_.echo_answered;
  send_control(frame);
}

Frame* DpdkTransport::control_frame(std::size_t size) {
  Frame* frame = pool_.allocate();
  if (frame == nullptr)
    ++stats_.no_buffer;
  else
    resize(*frame, size);
  return frame;
}

/// These are written without a tag, and nobody else holds them. In front of a received one its own
/// tag has left room.
void DpdkTransport::send_control(Frame& frame) {
  frame.ol_flags = 0;
  if (vlan_ != untagged) {
    if (rte_pktmbuf_prepend(&frame, sizeof(VlanTag)) == nullptr) {
      ++stats_.no_buffer;
      return rte_pktmbuf_free(&frame);
    }
    put_tag_on(bytes(frame), vlan_);
  }
  enqueue(frame);
}

void DpdkTransport::tell_routers(GroupNews news, GroupProtocol protocol) {
  for (const IpAddress& group : groups_) {
    Frame* frame = control_frame(is_v4() ? igmp_frame_bytes(protocol) : mld_frame_bytes(protocol));
    if (frame == nullptr) return;
    if (is_v4())
      write_igmp(bytes(*frame), station_, group.v4(), news, protocol);
    else
      write_mld(bytes(*frame), station_.mac, group, news, protocol);
    ++stats_.group_reports;
    send_control(*frame);
  }
}

/// Whoever asks all the time is answered now and then.
void DpdkTransport::answer_query(std::size_t query_bytes) {
  const std::size_t newer_bytes_min = is_v4() ? igmp3_query_bytes_min : mld2_query_bytes_min;
  const bool newer = query_bytes >= newer_bytes_min;
  TimeNs& next_report_ns = next_report_ns_[newer ? 1 : 0];
  const TimeNs now = now_ns();
  if (now < next_report_ns) {
    ++stats_.queries_spared;
    return;
  }
  next_report_ns = now + report_interval_ns;
  tell_routers(GroupNews::is_in, newer ? GroupProtocol::newer : GroupProtocol::older);
}

/// Unasked: whichever protocol the querier speaks.
void DpdkTransport::tell_routers(GroupNews news) {
  tell_routers(news, GroupProtocol::newer);
  tell_routers(news, GroupProtocol::older);
}

void DpdkTransport::ask_for(const IpAddress& address) {
  if (!pacer_.ask(address, now_ns())) return;
  Frame* frame = control_frame(is_v4() ? arp_frame_bytes : discovery_frame_bytes);
  if (frame == nullptr) return;
  if (is_v4())
    write_arp_request(bytes(*frame), station_, address.v4());
  else
    write_solicitation(bytes(*frame), station_, address);
  ++stats_.neighbour_requests;
  send_control(*frame);
}

void DpdkTransport::announce() {
  if (Frame* frame = control_frame(is_v4() ? arp_frame_bytes : discovery_frame_bytes)) {
    if (is_v4())
      write_arp_announcement(bytes(*frame), station_);
    else
      write_discovery_announcement(bytes(*frame), station_);
    send_control(*frame);
  }
  tell_routers(GroupNews::joins);
  flush();
}

}  // namespace muster
