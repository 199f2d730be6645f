#include "dpdk_transport/raw_port.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include <fmt/format.h>
#include <net/if.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include "cluster/message_memory.h"
#include "dpdk_transport/clock.h"
#include "dpdk_transport/log.h"
#include "dpdk_transport/mute_interrupts.h"
#include "dpdk_transport/port_mtu.h"

namespace muster::dpdk {

namespace {

constexpr std::uint64_t tx_checksums = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
constexpr std::uint64_t tx_pieces = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
/// Who is asked may take a while to say it: the 82574 has its PHY looked at.
constexpr DurationNs look_interval_ns = 100'000'000;
/// What spreads datagrams over receive queues.
constexpr std::uint64_t rss_flows = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;
constexpr std::uint64_t rx_checksums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
constexpr std::uint64_t rx_vlan = RTE_ETH_RX_OFFLOAD_VLAN_STRIP | RTE_ETH_RX_OFFLOAD_VLAN_FILTER;
/// The kernel cuts off what its ring has no room for. What is there the driver copies into a buffer
/// of the pool, without a look at its size.
void fit_kernel_ring(DeviceName& name, std::uint32_t buffer_bytes, std::uint32_t mtu) {
  constexpr std::uint32_t default_frame_bytes = 2048;  // and four kilobytes the default block
  if (const auto given = name.argument("framesz")) {
    std::uint32_t frame_bytes = 0;
    std::from_chars(given->data(), given->data() + given->size(), frame_bytes);
    if (frame_bytes > buffer_bytes)
      throw StartError(fmt::format(
          "{}: framesz={} is more than the {} bytes of a buffer here: leave it out, and "
          "set mtu",
          name.name, *given, buffer_bytes));
    if (const auto least = mtu + static_cast<std::uint32_t>(link_bytes_max) + kernel_ring_bytes;
        frame_bytes < least)
      throw StartError(fmt::format("{}: framesz={} holds no packet of {} bytes: leave it out",
                                   name.name, *given, mtu));
  }
  if (buffer_bytes <= default_frame_bytes) return;
  const auto kib_of_page = static_cast<std::uint32_t>(getpagesize()) / 1024;
  name.add_argument("framesz", std::to_string(buffer_bytes));  // in KiB: see frame_bytes_for()
  name.add_argument("blocksz", std::to_string(buffer_bytes * kib_of_page));
}

/// The slots of the rings between a client and its server, which the client makes. In later DPDKs
/// than 22.11 only a sender that was told of shorter slots than its buffers looks how much fits
/// one, and puts a frame of two segments into one slot. So for long frames both are told that.
std::uint32_t slot_bytes(std::uint32_t buffer_bytes) {
  return buffer_bytes > frame_bytes_for(mtu_default) ? buffer_bytes - 1 : buffer_bytes;
}

/// The kernel, or the other end, fills all queues that it was told of, so all of them have to be
/// read. By what name it is told of them; empty: by none.
std::string_view queues_argument(std::string_view driver) {
  if (driver == "net_af_packet") return "qpairs";
  if (driver == "net_vhost" || driver == "net_virtio_user") return "queues";
  return driver == "net_af_xdp" ? "queue_count" : "";
}

void fit_queues(DeviceName& name, std::uint16_t queues) {
  const std::string_view key = queues_argument(name.driver());
  if (key.empty()) return;
  const std::string_view given = name.argument(key).value_or("1");
  std::uint32_t filled = 0;
  std::from_chars(given.data(), given.data() + given.size(), filled);
  if (filled > queues)
    throw StartError(fmt::format(
        "{}: {}={} is more than this member's {} I/O threads read: leave it out, and set "
        "io_threads = {}",
        name.name, key, given, queues, given));
  if (queues > 1) name.add_argument(key, std::to_string(queues));
}

/// What a driver is told besides what the user told it. Small rings of a memif stay in the cache:
/// the latency of a ping does not change with their size, the bandwidth of a burst does.
DeviceName complete(DeviceName name, const RawPortConfig& config, const FramePool& pool) {
  if (name.driver() == "net_af_packet") fit_kernel_ring(name, pool.frame_bytes_max(), config.mtu);
  fit_queues(name, config.queues);
  if (!name.is_memif()) return name;
  const unsigned slots = std::max(config.rx_descriptors, config.tx_descriptors);
  name.add_argument("socket-abstract", "no");
  name.add_argument("rsize", std::to_string(std::bit_width(std::max(slots, 2U) - 1)));
  name.add_argument("bsize", std::to_string(slot_bytes(pool.frame_bytes_max())));
  if (config.mac) name.add_argument("mac", to_string(*config.mac));
  return name;
}

/// These get a copy of the kernel's frame as it is, and not the kernel's word on its checksum.
bool reads_kernel_frames(std::string_view driver) {
  return driver == "net_af_packet" || driver == "net_af_xdp" || driver == "net_pcap";
}

/// Devices must find the heap at its own addresses, and whoever shares a memif's packets without
/// copies sees nothing else.
bool may_send_pieces(const DeviceName& name) {
  if (name.is_memif()) return name.argument("zero-copy").value_or("no") != "yes";
  const bool by_device = name.pci || name.driver() == "net_virtio_user";  // vDPA is one
  return !by_device || rte_eal_iova_mode() == RTE_IOVA_VA;
}

/// Their frames are as long as the arguments say; what the driver says is for the default.
bool sized_by_arguments(std::string_view driver) {
  return driver == "net_memif" || driver == "net_af_packet";
}

/// For DPDK; 0 leaves it as it is.
std::uint32_t mtu_of_device(const rte_eth_dev_info& info, std::uint32_t mtu, std::uint16_t vlan,
                            const DeviceName& name) {
  const bool sized = sized_by_arguments(name.driver());
  const bool xdp = name.driver() == "net_af_xdp";  // whose frames the kernel's driver has taken in
  const DriverLimits limits{.frame_bytes_max = info.max_rx_pktlen, .mtu_max = info.max_mtu};
  const std::uint32_t most = sized ? mtu_max : xdp ? xdp_mtu_max : mtu_max_of(limits, vlan);
  if (mtu > most)
    throw StartError(fmt::format(
        "{} carries packets of {} bytes at most, and mtu is {}: {}", name.name, most, mtu,
        name.driver() == "net_af_xdp"
            ? "set way = \"af_packet\""
            : fmt::format("give all members mtu = {}, or this one another port", most)));
  if (sized) return 0;
  return xdp ? std::min(std::max(mtu, mtu_default), most) : mtu_of_port(limits, mtu, vlan);
}

void check(int result, const std::string& device, const char* step) {
  if (result < 0)
    throw StartError(
        fmt::format("the port {} cannot be started: {} failed, {}: try other "
                    "descriptors, or another port",
                    device, step, rte_strerror(-result)));
}

}  // namespace

RawPort::RawPort(const RawPortConfig& config, FramePool& pool)
    : config_(config),
      pool_(pool),
      name_(complete(parse_device(config.device), config, pool)),
      device_(std::in_place, name_,
              MemifTerms{.mtu = config.mtu, .queues = std::min(config.queues, queues_max)}),
      driver_(name_.pci ? kernel_driver(name_.name) : ""),
      id_(device_->port()),
      wished_{.rx_descriptors = config.rx_descriptors,
              .tx_descriptors = config.tx_descriptors,
              .queues = config.queues,
              .node = config.node,
              .receive_interrupts = config.receive_interrupts,
              .tx_pieces = config.mtu >= 2 * lent_bytes_min} {
  capabilities_.near_memory = pool.is_near();
  memif_client_ = name_.is_memif() && !memif_end(name_).server;
  if (const auto interface = name_.argument("iface");
      interface && reads_kernel_frames(name_.driver()))
    interface_link_.emplace(if_nametoindex(std::string(*interface).c_str()));
  if (!name_.is_memif() && !interface_link_) events_.emplace(id_, name_.name);
  configure(config, pool);
  start(config);
  if (!capabilities_.receive_interrupts) receive_interrupt_.reset();
  started_ = true;
}

void RawPort::configure(const RawPortConfig& config, FramePool& pool) {
  const LogCapture log;
  rte_eth_dev_info info{};
  check(rte_eth_dev_info_get(id_, &info), device(), "asking what it can do");
  rte_eth_conf conf{};
  conf.rxmode.mtu = mtu_of_device(info, config.mtu, config.vlan, name_);
  conf.txmode.offloads = info.tx_offload_capa & tx_checksums;
  if (wished_.tx_pieces && may_send_pieces(name_))
    conf.txmode.offloads |= info.tx_offload_capa & tx_pieces;
  conf.rxmode.offloads =
      info.rx_offload_capa & (rx_checksums | (config.vlan == untagged ? 0 : rx_vlan));
  conf.intr_conf.rxq = config.receive_interrupts && !mute_on_frames(info.driver_name) ? 1 : 0;
  // Else each question would be one to its registers, or to those of the chip behind it. Some
  // drivers have one vector for both interrupts, and leave one out without a word.
  link_interrupts_are_mute_ = mute_on_links(info.driver_name);
  const bool asks = !name_.pci || config.receive_interrupts || link_interrupts_are_mute_;
  conf.intr_conf.lsc = !asks && (*info.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0 ? 1 : 0;
  conf.intr_conf.rmv = name_.pci && (*info.dev_flags & RTE_ETH_DEV_INTR_RMV) != 0 ? 1 : 0;
  std::uint16_t queues = std::min({memif_client_ ? queues_of_server(config) : config.queues,
                                   queues_max, info.max_rx_queues, info.max_tx_queues});
  const std::uint64_t flows = info.flow_type_rss_offloads & rss_flows;
  int refused = 0;
  // Some drivers take a power of two only, or fewer than they say.
  for (;; queues = std::bit_floor(static_cast<std::uint16_t>(queues - 1U))) {
    const bool spread = queues > 1 && name_.pci && flows != 0;
    conf.rxmode.mq_mode = spread ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE;
    conf.rx_adv_conf.rss_conf.rss_hf = spread ? flows : 0;
    refused = rte_eth_dev_configure(id_, queues, queues, &conf);
    if (refused != 0 && conf.intr_conf.rxq != 0) {
      conf.intr_conf.rxq = 0;
      refused = rte_eth_dev_configure(id_, queues, queues, &conf);
    }
    if (refused == 0 || queues == 1 || !name_.pci) break;
  }
  check(refused, device(), "configuring it");
  capabilities_.receive_interrupts = conf.intr_conf.rxq != 0;
  capabilities_.queues = queues;
  capabilities_.spreads = queues == 1 || !name_.pci || flows != 0;
  capabilities_.offloads = {
      .tx_ip_checksum = (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0,
      .tx_udp_checksum = (conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) != 0,
      .tx_pieces = (conf.txmode.offloads & tx_pieces) != 0,
      .rx_ip_checksum = (conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0,
      .rx_udp_checksum = (conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_UDP_CKSUM) != 0,
      .rx_partial_udp_checksum = reads_kernel_frames(name_.driver())};

  std::uint16_t rx_descriptors = config.rx_descriptors;
  std::uint16_t tx_descriptors = config.tx_descriptors;
  check(rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_descriptors, &tx_descriptors), device(),
        "choosing queue sizes");
  capabilities_.rx_descriptors = rx_descriptors;
  capabilities_.tx_descriptors = tx_descriptors;
  rte_eth_rxconf rx = info.default_rxconf;
  rx.offloads = conf.rxmode.offloads;
  rte_eth_txconf tx = info.default_txconf;
  tx.offloads = conf.txmode.offloads;
  for (std::uint16_t queue = 0; queue < queues; ++queue) set_up(queue, rx, tx, pool);
}

void RawPort::set_up(std::uint16_t queue, const rte_eth_rxconf& rx, const rte_eth_txconf& tx,
                     FramePool& pool) {
  const auto socket = static_cast<unsigned>(std::max(rte_eth_dev_socket_id(id_), 0));
  const int result =
      rte_eth_rx_queue_setup(id_, queue, capabilities_.rx_descriptors, socket, &rx, pool.native());
  // Its driver binds the queue here, and has one code for whatever the kernel says.
  if (result < 0 && name_.driver() == "net_af_xdp")
    throw StartError(fmt::format(
        "{} cannot have the queue of {}: another program has it, or the interface's XDP "
        "hook, or this process may not (root may): end that, or set way = \"af_packet\"",
        device(), name_.argument("iface").value_or("its interface")));
  check(result, device(), "setting up its receive queue");
  check(rte_eth_tx_queue_setup(id_, queue, capabilities_.tx_descriptors, socket, &tx), device(),
        "setting up its send queue");
}

void RawPort::start(const RawPortConfig& config) {
  if (memif_client_) {
    connect(config.connect_timeout_ns);
  } else {
    const LogCapture log;
    int refused = rte_eth_dev_start(id_);
    // Where a driver sets vectors up here that it does not have.
    if (refused != 0 && capabilities_.receive_interrupts) {
      RawPortConfig polled = config;
      polled.receive_interrupts = false;
      configure(polled, pool_);
      refused = rte_eth_dev_start(id_);
    }
    check(refused, device(), "starting it");
    rte_eth_rxq_info queue{};
    capabilities_.pieces = config.mtu > mtu_default &&
                           rte_eth_rx_queue_info_get(id_, 0, &queue) == 0 &&
                           queue.scattered_rx != 0;
  }
  if (capabilities_.receive_interrupts) {
    if (!receive_interrupt_) receive_interrupt_.emplace();
    capabilities_.receive_interrupts = receive_interrupt_->attach(id_, name_.driver());
  }
  rte_ether_addr address{};
  if (config.mac && !name_.is_memif()) {
    std::copy(config.mac->begin(), config.mac->end(), address.addr_bytes);
    check(rte_eth_dev_default_mac_addr_set(id_, &address), device(), "setting its address");
  }
  check(rte_eth_macaddr_get(id_, &address), device(), "asking for its address");
  std::copy_n(address.addr_bytes, mac_.size(), mac_.begin());
  capabilities_.vlan_filter = config.vlan == untagged || filter_vlan(config.vlan);
}

/// A filter that does not take the VLAN would keep it out with all others.
bool RawPort::filter_vlan(std::uint16_t vlan) {
  const LogCapture log;
  const int offloads = rte_eth_dev_get_vlan_offload(id_);
  if (offloads < 0 || (offloads & RTE_ETH_VLAN_FILTER_OFFLOAD) == 0) return false;
  if (rte_eth_dev_vlan_filter(id_, vlan, 1) == 0) return true;
  rte_eth_dev_set_vlan_offload(id_, offloads & ~RTE_ETH_VLAN_FILTER_OFFLOAD);
  return false;
}

/// Whoever stops the port closes the gate first, so whether it runs is asked within. Asked before
/// as well, since the number of a port that was given back may be another one's by now.
bool RawPort::begin_burst(std::uint16_t queue) {
  if (!started_.load(std::memory_order_relaxed) || !BurstGate::enter(id_, queue)) return false;
  if (started_.load(std::memory_order_acquire)) return true;
  BurstGate::leave(id_, queue);
  return false;
}

std::size_t RawPort::receive(std::span<Frame*> burst, std::uint16_t queue) {
  if (!begin_burst(queue)) return 0;
  const auto room = static_cast<std::uint16_t>(std::min<std::size_t>(burst.size(), UINT16_MAX));
  const std::size_t count = rte_eth_rx_burst(id_, queue, burst.data(), room);
  BurstGate::leave(id_, queue);
  return count;
}

std::size_t RawPort::send(std::span<Frame*> burst, std::uint16_t queue) {
  if (burst.empty() || !begin_burst(queue)) return 0;
  const auto size = static_cast<std::uint16_t>(std::min<std::size_t>(burst.size(), UINT16_MAX));
  const std::size_t count = rte_eth_tx_burst(id_, queue, burst.data(), size);
  BurstGate::leave(id_, queue);
  return count;
}

Link RawPort::link() {
  if (interface_link_) return interface_link_->now();
  if (events_ && events_->removed()) give_back();
  if (!device_ || (events_ && events_->removed())) return link_ = Link::gone;
  if (server_differs_) return link_ = Link::mismatched;
  // Behind a closed gate a link may be on its way up or down, and nothing can be sent anyway.
  if (BurstGate::closed()) return link_;
  if (link_interrupts_are_mute_) {
    const TimeNs now = now_ns();
    if (now < next_look_ns_) return link_;
    next_look_ns_ = now + look_interval_ns;
  }
  rte_eth_link link{};
  const bool up = rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
  const bool interrupted = events_ && events_->take_change();
  return link_ = up && !interrupted ? Link::up : Link::down;
}

void RawPort::reconnect() {
  if (!device_)
    take_back();
  else if (memif_client_)
    reach_server();
}

void RawPort::receive_groups(std::span<const MacAddress> groups) {
  const LogCapture log;
  groups_.assign(groups.begin(), groups.end());
  std::vector<rte_ether_addr> addresses(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i)
    std::copy(groups[i].begin(), groups[i].end(), addresses[i].addr_bytes);
  if (rte_eth_dev_set_mc_addr_list(id_, addresses.data(),
                                   static_cast<std::uint32_t>(addresses.size())) == 0)
    capabilities_.groups = GroupFilter::list;
  else if (rte_eth_allmulticast_enable(id_) == 0)
    capabilities_.groups = GroupFilter::all_groups;
  else if (rte_eth_promiscuous_enable(id_) == 0)
    capabilities_.groups = GroupFilter::all_frames;
  else
    capabilities_.groups = GroupFilter::none;
}

std::vector<std::string> RawPort::lowered() const {
  return what_is_lowered(capabilities_, wished_);
}

PortCounters RawPort::counters() const {
  rte_eth_stats stats{};
  if (device_) rte_eth_stats_get(id_, &stats);
  return {.rx_frames = stats.ipackets,
          .tx_frames = stats.opackets,
          .rx_bytes = stats.ibytes,
          .tx_bytes = stats.obytes,
          .rx_missed = stats.imissed,
          .rx_errors = stats.ierrors,
          .rx_no_buffer = stats.rx_nombuf,
          .tx_errors = stats.oerrors};
}

}  // namespace muster::dpdk
