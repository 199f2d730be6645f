#include "dpdk_transport/dpdk_transport.h"

#include <algorithm>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "dpdk_transport/icmpv6.h"
#include "dpdk_transport/mbuf_packet.h"
#include "dpdk_transport/message_pieces.h"

namespace muster {

using namespace dpdk;  // NOLINT(google-build-using-namespace): this file is that floor's front

namespace {

/// The EAL runs before anything else of the transport is made.
void start(const DpdkTransportConfig& config) {
  EalConfig eal = config.eal;
  eal.pci = eal.pci || parse_device(config.device).pci;
  start_eal(eal);
}

FramePool::Reader reader_of(const DpdkTransportConfig& config) {
  return parse_device(config.device).pci ? FramePool::Reader::device : FramePool::Reader::software;
}

RawPortConfig port_config(const DpdkTransportConfig& config, std::uint16_t queues) {
  RawPortConfig port{.device = config.device,
                     .rx_descriptors = config.rx_descriptors,
                     .tx_descriptors = config.tx_descriptors,
                     .queues = queues,
                     .mtu = config.mtu,
                     .vlan = config.vlan,
                     .receive_interrupts = config.receive_interrupts && queues == 1,
                     .mac = config.mac,
                     .node = config.node};
  if (!port.mac && parse_device(config.device).is_memif())
    port.mac = derived_mac(config.self.address);
  return port;
}

Checksums checksums_of(const DpdkTransportConfig& config, const RawPort& port) {
  const auto of = [](bool by_port) {
    return by_port ? Checksum::left_to_port : Checksum::computed;
  };
  const bool stays_in_memory = parse_device(config.device).is_memif();
  const bool udp = config.udp_checksum == UdpChecksum::always || !stays_in_memory;
  return {.ip = of(port.offloads().tx_ip_checksum),
          .udp = udp ? of(port.offloads().tx_udp_checksum) : Checksum::none};
}

std::uint64_t flags_of(Checksums checksums, bool v4) {
  const std::uint64_t family = v4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
  std::uint64_t flags = 0;
  if (v4 && checksums.ip == Checksum::left_to_port) flags |= family | RTE_MBUF_F_TX_IP_CKSUM;
  if (checksums.udp == Checksum::left_to_port) flags |= family | RTE_MBUF_F_TX_UDP_CKSUM;
  return flags;
}

std::uint64_t lengths_of(const UdpFramer& framer) {
  return rte_mbuf_tx_offload(framer.link_bytes(), framer.ip_bytes(), 0, 0, 0, 0, 0);
}

/// Those that routers are told of. With IPv6 a station is asked for in a group, too.
std::vector<IpAddress> groups_of(const LocalAddresses& local) {
  const IpAddress& self = local.self.address;
  if (self.is_v4()) return {local.group.address};
  return {local.group.address, solicited_node_group(self)};
}

/// A port is believed that says "good", or "none": no checksum yet, since the frame never was on a
/// wire. All else is computed again.
Verified verified_by_port(const Frame& frame, bool udp_partial) {
  const std::uint64_t ip = frame.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  const std::uint64_t udp = frame.ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  return {.ip = ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD || ip == RTE_MBUF_F_RX_IP_CKSUM_NONE,
          .udp = udp == RTE_MBUF_F_RX_L4_CKSUM_GOOD || udp == RTE_MBUF_F_RX_L4_CKSUM_NONE,
          .udp_partial = udp_partial};
}

/// Takes its tag off a frame, unless the port has. False: it is not of `vlan`, or has another tag.
bool untag(Frame& frame, std::uint16_t vlan) {
  if ((frame.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0)
    return (frame.vlan_tci & vlan_id_mask) == vlan && !is_tagged(bytes(frame));
  if (!is_tagged(bytes(frame))) return vlan == untagged;
  if (take_tag_off(bytes(frame)) != vlan) return false;
  rte_pktmbuf_adj(&frame, sizeof(VlanTag));
  return !is_tagged(bytes(frame));
}

/// What a queue besides the first keeps from all others: what may come, what is sent and not given
/// back yet, what its thread has at hand. The first one's is a part of what was asked for.
std::uint32_t packets_of_queue(const DpdkTransportConfig& config) {
  constexpr std::uint32_t xdp_fill = 2048;  // whatever it is asked for
  const bool xdp = parse_device(config.device).driver() == "net_af_xdp";
  const std::uint32_t received = xdp ? xdp_fill : config.rx_descriptors;
  return received + config.tx_descriptors + FramePool::at_hand_max;
}

}  // namespace

struct DpdkTransport::Shared {
  Shared(const DpdkTransportConfig& config, std::uint16_t queues)
      : pool(config.pool_packets + (queues - 1U) * packets_of_queue(config), sizeof(MbufPacket),
             reader_of(config), frame_bytes_for(config.mtu), config.node),
        port(port_config(config, queues), pool) {
    for (std::uint16_t other = 1; other < port.queues(); ++other)
      rings.push_back(std::make_unique<QueueRings>());
    if (port.offloads().tx_pieces)
      pieces = MessagePieces::open(config.pool_packets / 2, reader_of(config), config.node);
  }

  FramePool pool;
  std::unique_ptr<MessagePieces> pieces;  ///< none where packets hold all that they carry
  RawPort port;
  std::vector<std::unique_ptr<QueueRings>> rings;  ///< of each queue but the first
  std::atomic<Link> link{Link::down};              ///< as the first has found it
};

DpdkTransport::DpdkTransport(const DpdkTransportConfig& config)
    : DpdkTransport(config, (start(config), std::make_shared<Shared>(config, std::uint16_t{1})),
                    0) {}

std::vector<std::unique_ptr<DpdkTransport>> DpdkTransport::open(const DpdkTransportConfig& config) {
  start(config);
  const auto shared = std::make_shared<Shared>(config, config.queues);
  std::vector<std::unique_ptr<DpdkTransport>> queues;
  for (std::uint16_t queue = 0; queue < shared->port.queues(); ++queue)
    queues.push_back(std::unique_ptr<DpdkTransport>(new DpdkTransport(config, shared, queue)));
  return queues;
}

DpdkTransport::DpdkTransport(const DpdkTransportConfig& config, std::shared_ptr<Shared> shared,
                             std::uint16_t queue)
    : local_{.self = config.self, .group = config.group},
      route_(config.route),
      mtu_(config.mtu),
      vlan_(config.vlan),
      payload_bytes_max_(payload_bytes_of(config.mtu, config.self.address)),
      shared_(std::move(shared)),
      pool_(shared_->pool),
      port_(shared_->port),
      queue_(queue),
      station_{.address = config.self.address, .mac = port_.mac()},
      groups_(groups_of(local_)),
      framer_(config.self, station_.mac, checksums_of(config, port_), config.vlan),
      tx_flags_(flags_of(checksums_of(config, port_), is_v4())),
      tx_lengths_(lengths_of(framer_)),
      doubt_interval_ns_(config.neighbour_doubt_ns / NeighbourTable::parts) {
  if (queue_ > 0) {
    QueueRings& rings = *shared_->rings[queue_ - 1U];
    links_.push_back({rings.questions, rings.news_to_first, rings.news_from_first});
    return;
  }
  for (const auto& rings : shared_->rings)
    links_.push_back({rings->questions, rings->news_from_first, rings->news_to_first});
  std::vector<MacAddress> groups{
      multicast_mac(is_v4() ? IpAddress(all_hosts_group) : all_nodes_group)};
  for (const IpAddress& group : groups_) groups.push_back(multicast_mac(group));
  port_.receive_groups(groups);
  link();
}

DpdkTransport::~DpdkTransport() {
  if (queue_ == 0) tell_routers(GroupNews::leaves);
  flush();
  drop_outgoing(stats_.tx_full);
}

Packet* DpdkTransport::allocate() {
  Frame* frame = pool_.allocate();
  if (frame == nullptr) {
    exhausted_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  std::byte* payload = rte_pktmbuf_mtod_offset(frame, std::byte*, framer_.headers_bytes());
  return &packet_in(*frame, payload, 0, payload_bytes_max_);
}

void DpdkTransport::retain(Packet& packet) { rte_pktmbuf_refcnt_update(&frame_of(packet), 1); }

void DpdkTransport::release(Packet& packet) { rte_pktmbuf_free(&frame_of(packet)); }

LendableMemory* DpdkTransport::lendable_memory() { return shared_->pieces.get(); }

bool DpdkTransport::attach(Packet& packet, std::span<const std::byte> bytes,
                           MessageMemory& memory) {
  if (!shared_->pieces->attach(frame_of(packet), bytes, memory)) return false;
  packet.end_with(bytes);
  return true;
}

std::size_t DpdkTransport::receive(std::span<Packet*> burst) {
  const std::size_t told = links_.empty() ? 0 : hear_others();
  std::array<Frame*, burst_max> frames;
  const std::size_t count =
      port_.receive({frames.data(), std::min(burst.size(), frames.size())}, queue_);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + 1 < count) rte_prefetch0(rte_pktmbuf_mtod(frames[i + 1], void*));
    if (Packet* packet = accept(*frames[i])) burst[accepted++] = packet;
  }
  stats_.received += accepted;
  received_besides_ = told + count - accepted;
  return accepted;
}

Classified DpdkTransport::classified(const Frame& frame, std::span<std::byte> in_one_piece) const {
  return classify(in_one_piece, local_,
                  verified_by_port(frame, port_.offloads().rx_partial_udp_checksum));
}

/// A datagram's packet; anything else is answered or dropped here, and its frame is gone.
Packet* DpdkTransport::accept(Frame& frame) {
  if (!untag(frame, vlan_)) {
    ++stats_.other_vlan;
    rte_pktmbuf_free(&frame);
    return nullptr;
  }
  const auto in_one_piece = join(frame) ? bytes(frame) : std::span<std::byte>{};
  const Classified found = classified(frame, in_one_piece);
  switch (found.kind) {
    case FrameKind::datagram: {
      if (found.bytes > payload_bytes_max_) {
        ++stats_.too_long;
        break;
      }
      const Station sender{.address = found.source.address,
                           .mac = header_at<EthernetHeader>(in_one_piece, 0).source};
      if (!is_station(sender)) {
        ++stats_.malformed;
        break;
      }
      learn(sender);
      // Options may have pushed the payload towards the buffer's end.
      const auto room = static_cast<std::uint32_t>(frame.buf_len - frame.data_off - found.offset);
      MbufPacket& packet = packet_in(frame, in_one_piece.data() + found.offset, found.bytes,
                                     std::min(payload_bytes_max_, room));
      packet.peer = found.source;
      return &packet;
    }
    case FrameKind::arp:
    case FrameKind::neighbour:
    case FrameKind::echo_request:
    case FrameKind::group_query:
      answer(frame, found);
      return nullptr;
    case FrameKind::malformed:
      ++(is_too_long(frame) ? stats_.too_long : stats_.malformed);
      break;
    case FrameKind::bad_checksum:
      ++stats_.bad_checksum;
      break;
    case FrameKind::fragment:
      ++stats_.fragments;
      break;
    case FrameKind::not_for_us:
      ++stats_.not_for_us;
      break;
    case FrameKind::other:
      ++stats_.other_traffic;
      break;
  }
  rte_pktmbuf_free(&frame);
  return nullptr;
}

/// Ports cut what does not fit a buffer, into several or off.
bool DpdkTransport::is_too_long(const Frame& frame) const {
  return frame.nb_segs != 1 || ip_packet_bytes(bytes(frame)) > mtu_;
}

Link DpdkTransport::link() {
  if (queue_ > 0) {
    const Link found = shared_->link.load(std::memory_order_relaxed);
    had_link_ = found == Link::up;
    return found;
  }
  Link link = port_.link();
  if (link == Link::gone && port_.comes_back()) link = Link::given_back;
  shared_->link.store(link, std::memory_order_relaxed);
  const bool up = link == Link::up;
  const bool came = !std::exchange(had_link_, up) && up;
  if (came) announce();
  if (!up) port_.reconnect();
  return link;
}

std::vector<int> DpdkTransport::descriptors() const {
  const auto& interrupt = port_.receive_interrupt();
  return interrupt ? std::vector{interrupt->descriptor()} : std::vector<int>{};
}

std::vector<std::string> DpdkTransport::lowered() const {
  std::vector<std::string> lowered = port_.lowered();
  if (port_.offloads().tx_pieces && !shared_->pieces)
    lowered.emplace_back(
        "long messages: copied into packets, as DPDK's memory has no room for them, or short "
        "pages: raise memory_mb, set hugepages to true");
  return lowered;
}

DpdkTransportStats DpdkTransport::stats() const {
  DpdkTransportStats stats = stats_;
  stats.no_buffer += exhausted_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace muster
