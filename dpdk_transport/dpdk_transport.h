// The protocol over a port of DPDK: Ethernet, IP and UDP done here, no kernel in the way.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/mtu.h"
#include "cluster/packet.h"
#include "dpdk_transport/arp.h"
#include "dpdk_transport/classify.h"
#include "dpdk_transport/eal.h"
#include "dpdk_transport/frame_pool.h"
#include "dpdk_transport/group_news.h"
#include "dpdk_transport/mac_address.h"
#include "dpdk_transport/neighbours.h"
#include "dpdk_transport/queue_rings.h"
#include "dpdk_transport/raw_port.h"
#include "dpdk_transport/route.h"
#include "dpdk_transport/udp_frame.h"

namespace muster {

/// Frames of a memif stay in this machine's memory, from one process to the other (docs/adr/0017).
enum class UdpChecksum : std::uint8_t { where_needed, always };

struct DpdkTransportConfig {
  dpdk::EalConfig eal{};
  std::string device;  ///< as in dpdk::RawPortConfig
  Endpoint self;       ///< this member's own
  Endpoint group;      ///< the cluster's multicast group
  /// Without a gateway, this member's network ends where the segment does.
  dpdk::Route route{};
  /// None: the port's own, or derived from the address where the port is a memif.
  std::optional<dpdk::MacAddress> mac{};
  std::uint32_t mtu = mtu_default;
  /// Whose frames are sent and heard, and no others: 1 to 4094, or dpdk::untagged.
  std::uint16_t vlan = dpdk::untagged;
  std::uint32_t pool_packets = 4096;
  std::uint16_t rx_descriptors = 512;
  std::uint16_t tx_descriptors = 512;
  std::uint16_t queues = 1;         ///< to be opened by open(): the port may have fewer
  bool receive_interrupts = false;  ///< if it has them: for whoever sleeps on descriptors()
  UdpChecksum udp_checksum = UdpChecksum::where_needed;
  std::optional<int> node{};  ///< of the machine's memory, that is nearest to the device
  /// Of several queues each asks, in that time, for all neighbours that it has not heard of.
  DurationNs neighbour_doubt_ns = 5'000'000'000;
};

/// Frames, counted since construction.
struct DpdkTransportStats {
  std::uint64_t received = 0;  ///< handed to the caller
  std::uint64_t sent = 0;      ///< taken by the port; what is answered here, too
  // Dropped on the way in.
  std::uint64_t too_long = 0;       ///< for this member's mtu
  std::uint64_t malformed = 0;      ///< cut short, or lengths that do not add up
  std::uint64_t bad_checksum = 0;   ///< of IPv4, UDP, ICMP, ICMPv6 or IGMP
  std::uint64_t fragments = 0;      ///< nothing here sends any
  std::uint64_t not_for_us = 0;     ///< another address, or another UDP port; who asks for others
  std::uint64_t other_traffic = 0;  ///< nothing that is read here, or of the other family
  std::uint64_t other_vlan = 0;     ///< of another VLAN than ours, or with several tags
  // Dropped on the way out.
  std::uint64_t tx_full = 0;     ///< the port took no more
  std::uint64_t tx_spared = 0;   ///< expendable ones, so that there is room for others
  std::uint64_t link_down = 0;   ///< the port has no link, or no peer
  std::uint64_t unresolved = 0;  ///< the peer's Ethernet address was not known; it was asked for
  std::uint64_t oversize = 0;    ///< more than payload_bytes_max()
  std::uint64_t no_buffer = 0;   ///< the pool was empty: for allocate() as well
  std::uint64_t ring_full = 0;   ///< for the thread of another queue, which did not come round
  // Answered here.
  std::uint64_t neighbour_requests = 0;   ///< sent: ARP, or neighbour discovery
  std::uint64_t neighbours_answered = 0;  ///< who asked for our address
  std::uint64_t address_conflicts = 0;    ///< somebody else says that he has our address
  std::uint64_t echo_answered = 0;
  /// Sent: IGMP or MLD, of both versions at the start, and on queries.
  std::uint64_t group_reports = 0;
  std::uint64_t queries_spared = 0;  ///< of groups: one was answered just before
};

/// A packet lives in its mbuf from receive() to the last release(), and headers are written in
/// front of the payload where it stands: nothing is copied. Pieces of long messages may stay where
/// the application wrote them: their packets are of two segments (docs/adr/0031).
///
/// It is one queue of the port. Where there are several, all share the pool and the addresses, each
/// may send to everybody, and the port decides who receives what. The first alone speaks for the
/// member (ARP, neighbour discovery, echo, groups): the others hand it what came to them of that,
/// and all tell each other where stations are (docs/adr/0027).
///
/// Threads: receive(), transmit(), flush(), link() and stats() by one thread at a time, which may
/// be another one for each queue; allocate(), retain() and release() by any thread at any time
/// (dpdk::register_thread() makes them cheaper), and of any queue.
class DpdkTransport final : public Transport {
 public:
  /// Starts the EAL if it does not run yet, opens the port with one queue, announces itself on its
  /// segment, and joins the group. Throws StartError.
  explicit DpdkTransport(const DpdkTransportConfig& config);
  /// The same with as many queues as the port grants of config.queues; the first comes first.
  static std::vector<std::unique_ptr<DpdkTransport>> open(const DpdkTransportConfig& config);
  /// Of the first queue: leaves the group. Every packet has been released by then.
  ~DpdkTransport() override;
  DpdkTransport(const DpdkTransport&) = delete;
  DpdkTransport& operator=(const DpdkTransport&) = delete;

  Packet* allocate() override;
  void retain(Packet& packet) override;
  void release(Packet& packet) override;
  bool attach(Packet& packet, std::span<const std::byte> bytes, MessageMemory& memory) override;
  LendableMemory* lendable_memory() override;
  void transmit(Packet& packet) override;
  std::size_t receive(std::span<Packet*> burst) override;
  std::size_t received_besides() const override { return received_besides_; }
  std::size_t flush() override;
  Endpoint self() const override { return local_.self; }
  /// For now and then: see RawPort::link(). While a memif's peer is away each call tries to reach
  /// it again; once a link is back, the announcements are repeated. Other queues than the first say
  /// what that one has found last.
  Link link() override;
  std::uint32_t payload_bytes_max() const override { return payload_bytes_max_; }
  /// Where the port has receive interrupts, they were asked for, and there is one queue.
  std::vector<int> descriptors() const override;
  bool arm() override { return port_.receive_interrupt() && port_.receive_interrupt()->arm(); }
  void disarm() override {
    if (port_.receive_interrupt()) port_.receive_interrupt()->disarm();
  }

  /// Of this queue.
  DpdkTransportStats stats() const;
  /// Packets that somebody holds: the caller, the protocol, the port. Not for the hot path.
  std::uint32_t packets_in_use() const { return pool_.size() - pool_.available(); }
  dpdk::PortCounters port_counters() const { return port_.counters(); }
  /// What the port has not of what was wished for (RawPort::lowered()), and its memory.
  std::vector<std::string> lowered() const;
  const dpdk::MacAddress& mac() const { return station_.mac; }

 private:
  static constexpr std::size_t burst_max = 32;
  /// A querier waits for seconds, and asks again.
  static constexpr DurationNs report_interval_ns = 50'000'000;
  /// What the port has not taken waits. While a burst does, nothing expendable is added to it.
  static constexpr std::size_t outgoing_max = 2 * burst_max;

  /// What all queues have in common.
  struct Shared;
  DpdkTransport(const DpdkTransportConfig& config, std::shared_ptr<Shared> shared,
                std::uint16_t queue);

  bool is_v4() const { return local_.self.address.is_v4(); }
  Packet* accept(dpdk::Frame& frame);
  dpdk::Classified classified(const dpdk::Frame& frame, std::span<std::byte> in_one_piece) const;
  void answer(dpdk::Frame& frame, const dpdk::Classified& question);
  bool is_too_long(const dpdk::Frame& frame) const;
  bool is_neighbour(const dpdk::Station& station) const;
  void learn(const dpdk::Station& station);
  void believe(const dpdk::Station& station);
  void tell_others(const dpdk::Station& station);
  void hand_over(dpdk::QueueRings::Ring& ring, dpdk::Frame& frame);
  std::size_t hear_others();
  void hear_news(dpdk::Frame& frame);
  void doubt_neighbours();
  bool hear(const dpdk::NeighbourNews& news);
  void handle_arp(dpdk::Frame& frame);
  void handle_discovery(const dpdk::Frame& frame, const dpdk::Classified& message);
  void answer_echo(dpdk::Frame& frame, const dpdk::Classified& request);
  void answer_query(std::size_t query_bytes);
  void tell_routers(dpdk::GroupNews news, dpdk::GroupProtocol protocol);
  void tell_routers(dpdk::GroupNews news);
  void announce();
  void ask_for(const IpAddress& address);
  dpdk::Frame* framed(Packet& packet, const dpdk::MacAddress& destination);
  dpdk::Frame* control_frame(std::size_t bytes);
  bool has_room_to_spare();
  void enqueue(dpdk::Frame& frame);
  void send_control(dpdk::Frame& frame);
  void drop_outgoing(std::uint64_t& counter);

  dpdk::LocalAddresses local_;
  dpdk::Route route_;
  std::uint32_t mtu_;
  std::uint16_t vlan_;
  std::uint32_t payload_bytes_max_;
  std::shared_ptr<Shared> shared_;
  dpdk::FramePool& pool_;  ///< the shared one
  dpdk::RawPort& port_;    ///< the shared one
  std::uint16_t queue_;
  std::vector<dpdk::QueueLink> links_;  ///< to the first queue, or from there to all others
  dpdk::Station station_;
  std::vector<IpAddress> groups_;
  dpdk::UdpFramer framer_;
  // What the port shall do to our datagrams, and how long their headers are, as mbufs say it.
  std::uint64_t tx_flags_;
  std::uint64_t tx_lengths_;
  dpdk::NeighbourTable neighbours_;
  dpdk::NeighbourPacer pacer_;
  DurationNs doubt_interval_ns_;
  TimeNs next_doubt_ns_ = 0;
  std::array<TimeNs, 2> next_report_ns_{};  ///< in the older protocol, and in the newer
  std::array<dpdk::Frame*, outgoing_max> outgoing_{};
  std::size_t outgoing_count_ = 0;
  std::size_t received_besides_ = 0;
  bool had_link_ = false;
  DpdkTransportStats stats_;
  std::atomic<std::uint64_t> exhausted_{0};  ///< allocate() counts on any thread
};

}  // namespace muster
