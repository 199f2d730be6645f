#include "tests/dpdk_transport/fuzz/books.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <rte_mbuf.h>

#include "dpdk_transport/arp.h"
#include "dpdk_transport/discovery.h"
#include "dpdk_transport/vlan.h"
#include "tests/fuzz/require.h"

namespace muster::dpdk::fuzz {

using muster::fuzz::require;

namespace {

/// Without its tag; nothing where it is not for our VLAN.
std::optional<Bytes> untagged_bytes(const Arrival& arrival, std::uint16_t vlan) {
  Bytes frame = arrival.bytes;
  if ((arrival.flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) {
    if ((arrival.stripped_tag & vlan_id_mask) != vlan || is_tagged(frame)) return std::nullopt;
    return frame;
  }
  if (!is_tagged(frame)) return vlan == untagged ? std::optional(frame) : std::nullopt;
  if (take_tag_off(frame) != vlan) return std::nullopt;
  frame.erase(frame.begin(), frame.begin() + sizeof(VlanTag));
  return is_tagged(frame) ? std::nullopt : std::optional(frame);
}

Verified verified_of(std::uint64_t flags) {
  const auto is_any_of = [&](std::uint64_t mask, std::uint64_t good, std::uint64_t none) {
    return (flags & mask) == good || (flags & mask) == none;
  };
  return {.ip = is_any_of(RTE_MBUF_F_RX_IP_CKSUM_MASK, RTE_MBUF_F_RX_IP_CKSUM_GOOD,
                          RTE_MBUF_F_RX_IP_CKSUM_NONE),
          .udp = is_any_of(RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_GOOD,
                           RTE_MBUF_F_RX_L4_CKSUM_NONE)};
}

/// Of what each frame that came is counted in exactly one.
std::size_t counted(const DpdkTransportStats& stats) {
  return stats.received + stats.too_long + stats.malformed + stats.bad_checksum + stats.fragments +
         stats.not_for_us + stats.other_traffic + stats.other_vlan + stats.neighbours_answered +
         stats.echo_answered;
}

}  // namespace

/// The readers of single frames are believed here, which have a fuzzer of their own.
Books::Expected Books::expected_of(const Arrival& arrival) const {
  // What does not fit the first buffer together is not read.
  if (arrival.first_piece != 0 && arrival.bytes.size() > frame_bytes_for(speaker_.mtu)) return {};
  const auto frame = untagged_bytes(arrival, speaker_.vlan);
  if (!frame) return {};
  const Classified found = classify(*frame, speaker_.local, verified_of(arrival.flags));
  if (found.kind == FrameKind::group_query) return {.query = true};
  if (found.kind == FrameKind::datagram) {
    const Station sender{.address = found.source.address,
                         .mac = header_at<EthernetHeader>(std::span(*frame), 0).source};
    if (found.bytes > payload_bytes_of(speaker_.mtu, speaker_.station.address) ||
        !is_station(sender))
      return {};
    const auto payload = std::span(*frame).subspan(found.offset, found.bytes);
    return {.news = sender, .sender = found.source, .payload = {payload.begin(), payload.end()}};
  }
  if (found.kind != FrameKind::arp && found.kind != FrameKind::neighbour) return {};
  const NeighbourNews news = found.kind == FrameKind::arp
                                 ? read_arp(*frame, speaker_.station)
                                 : read_discovery(*frame, found, speaker_.station);
  return {.silent = !news.for_us && news.answer,
          .news = news.valid ? std::optional(news.sender) : std::nullopt};
}

void Books::comes(const Arrival& arrival, std::uint16_t queue) {
  coming_[queue].push_back(expected_of(arrival));
}

void Books::received(std::uint16_t queue, std::size_t frames, std::span<Packet* const> packets) {
  require(frames <= coming_[queue].size(), "what is received has come");
  received_[queue] += frames;
  for (; frames > 0; --frames) {
    const Expected expected = std::move(coming_[queue].front());
    coming_[queue].pop_front();
    silent_ += expected.silent ? 1 : 0;
    queries_ += expected.query ? 1 : 0;
    if (expected.news) {
      claims_.insert({expected.news->address, expected.news->mac});
      last_claim_[expected.news->address] = expected.news->mac;
    }
    if (!expected.sender) continue;
    require(!packets.empty() && packets.front()->peer == *expected.sender &&
                std::ranges::equal(packets.front()->payload(), expected.payload),
            "a datagram is received as it was sent");
    packets = packets.subspan(1);
  }
  require(packets.empty(), "nothing but datagrams is received");
}

void Books::sent(std::uint16_t queue, const Frame& frame) {
  require(frame.nb_segs == 1 && frame.pkt_len == frame.data_len, "a frame is in one piece");
  const Said said = look_at(bytes(frame), speaker_);
  ++said_[queue][static_cast<std::size_t>(said.kind)];
  require(queue == 0 || said.kind == SaidKind::datagram || said.kind == SaidKind::neighbour_request,
          "the first queue speaks for the member");
  if (said.kind == SaidKind::datagram) check_datagram(said);
}

const Books::Mark* Books::mark_of(std::span<const std::byte> payload) const {
  thread_local Mark mark;
  if (payload.size() < sizeof mark) return nullptr;
  std::memcpy(&mark, payload.data(), sizeof mark);
  require(mark.magic == magic && mark.number < marked_.size(), "a payload is as it was written");
  return &mark;
}

void Books::check_datagram(const Said& said) const {
  const Mark* mark = mark_of(said.payload);
  if (mark == nullptr) return;
  const Marked& packet = marked_[mark->number];
  require(packet.bytes == said.payload.size(), "a payload is as long as it was");
  for (std::size_t at = sizeof *mark; at < said.payload.size(); ++at)
    require(said.payload[at] == filling(mark->number, at), "a payload is as it was written");
  require(packet.to_any.contains(said.peer), "a datagram goes to its peer");
  if (said.peer.address.is_multicast()) return;
  require(queues_ > 1 || packet.to.contains({said.peer, said.destination}),
          "a datagram goes where its receiver was last");
  require(claims_.contains({route_.next_hop(said.peer.address), said.destination}),
          "a datagram goes where its receiver, and nobody else, said that he is");
}

void Books::mark(Packet& packet) {
  const auto number = static_cast<std::uint32_t>(marked_.size());
  marked_.push_back({.bytes = packet.size});
  const Mark mark{magic, number};
  std::memcpy(packet.data, &mark, std::min<std::size_t>(packet.size, sizeof mark));
  for (std::size_t at = sizeof mark; at < packet.size; ++at) packet.data[at] = filling(number, at);
}

void Books::transmits(std::uint16_t queue, const Packet& packet) {
  ++transmitted_[queue];
  if (packet.size > packet.capacity) return;
  const Mark* mark = mark_of(packet.payload());
  if (mark == nullptr) return;
  Marked& marked = marked_[mark->number];
  marked.to_any.insert(packet.peer);
  const auto claim = last_claim_.find(route_.next_hop(packet.peer.address));
  if (claim != last_claim_.end()) marked.to.insert({packet.peer, claim->second});
}

void Books::check(std::uint16_t queue, const DpdkTransportStats& stats) const {
  const auto& said = said_[queue];
  const auto no_more_than = [&](SaidKind kind, std::size_t most, const char* what) {
    require(said[static_cast<std::size_t>(kind)] <= most, what);
  };
  require(std::accumulate(said.begin(), said.end(), std::size_t{0}) == stats.sent,
          "what is sent is counted");
  no_more_than(SaidKind::datagram, transmitted_[queue], "datagrams are the owner's");
  no_more_than(SaidKind::neighbour_request, stats.neighbour_requests, "requests are counted");
  no_more_than(SaidKind::echo_reply, stats.echo_answered, "answers to echo are counted");
  no_more_than(SaidKind::neighbour_answer, stats.neighbours_answered, "answers are counted");
  no_more_than(SaidKind::group_report, stats.group_reports, "reports are counted");
  require(counted(stats) <= received_[queue] || queues_ > 1, "a frame is counted once");
}

/// All queues' counters together.
void Books::check_all(std::span<const DpdkTransportStats> stats, bool port_has_refused,
                      bool link_was_lost) const {
  const auto sum = [&](std::uint64_t DpdkTransportStats::* counter) {
    std::size_t all = 0;
    for (const DpdkTransportStats& of_queue : stats) all += of_queue.*counter;
    return all;
  };
  using S = DpdkTransportStats;
  std::size_t accounted = silent_ + queries_, came = 0;
  for (const DpdkTransportStats& of_queue : stats) accounted += counted(of_queue);
  for (const std::size_t of_queue : received_) came += of_queue;
  // News that a ring had no room for is counted with the questions.
  require(accounted <= came && came <= accounted + sum(&S::ring_full),
          "each frame that came is counted in one counter");
  require(sum(&S::queries_spared) <= queries_, "queries are spared once");

  const std::size_t datagrams = transmitted_[0] + transmitted_[1] + transmitted_[2] -
                                sum(&S::oversize) - sum(&S::tx_spared) - sum(&S::unresolved);
  const std::size_t to_send = datagrams + sum(&S::neighbours_answered) + sum(&S::echo_answered) +
                              sum(&S::neighbour_requests) + sum(&S::group_reports) + announcements_;
  const std::size_t went = sum(&S::sent) + sum(&S::tx_full) + sum(&S::link_down);
  const std::size_t lacked = sum(&S::no_buffer) - exhausted_;
  require(went <= to_send && to_send <= went + lacked, "what was to be sent was, or is counted");
  if (!port_has_refused)
    require(sum(&S::tx_full) + sum(&S::tx_spared) == 0, "where there is room nothing is dropped");
  if (!port_has_refused || !link_was_lost)
    require(sum(&S::link_down) == 0, "where there is a link nothing is dropped for it");

  const std::size_t groups = speaker_.station.address.is_v4() ? 1 : 2;
  const std::size_t turns = (Wire::now_ns - start_ns_) / 50'000'000 + 1;
  require(sum(&S::group_reports) <= 2 * groups * (announcements_ + turns),
          "queries are answered now and then");
}

}  // namespace muster::dpdk::fuzz
