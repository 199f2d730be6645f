// One Ethernet port that DPDK can name: bursts of frames in, bursts of frames out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/mtu.h"
#include "cluster/types.h"
#include "dpdk_transport/burst_gate.h"
#include "dpdk_transport/capabilities.h"
#include "dpdk_transport/device.h"
#include "dpdk_transport/device_name.h"
#include "dpdk_transport/eal.h"
#include "dpdk_transport/frame_pool.h"
#include "dpdk_transport/mac_address.h"
#include "dpdk_transport/port_events.h"
#include "dpdk_transport/receive_interrupt.h"
#include "dpdk_transport/vlan.h"
#include "interfaces/interface_link.h"

struct rte_eth_rxconf;
struct rte_eth_txconf;

namespace muster::dpdk {

/// That a port can have.
inline constexpr std::uint16_t queues_max = BurstGate::queues_max;

struct RawPortConfig {
  /// A PCI address ("0000:03:00.0") or a vdev with its arguments: "net_tap0,iface=muster0",
  /// "net_memif0,role=client,id=0,socket=/run/muster.sock".
  std::string device;
  std::uint16_t rx_descriptors = 512;  ///< the port may take fewer, or more
  std::uint16_t tx_descriptors = 512;
  /// To receive, and to send, each for a thread of its own; the port may have fewer.
  std::uint16_t queues = 1;
  std::uint32_t mtu = mtu_default;  ///< the longest IP packet; the pool's buffers hold it
  /// The only one whose frames are wanted, without their tags where the port can take these off; or
  /// untagged.
  std::uint16_t vlan = untagged;
  /// Where the driver has them. What NICs have for one of both, changes of the link are then asked
  /// for.
  bool receive_interrupts = false;
  std::optional<MacAddress> mac{};  ///< none: the port's own
  /// Of the machine's memory, that is nearest to it; the pool was asked for there.
  std::optional<int> node{};
  /// How long a memif client waits for the switch or the peer that listens on its socket.
  DurationNs connect_timeout_ns = 2'000'000'000;
};

/// As the driver counts; memif begins again with each peer.
struct PortCounters {
  std::uint64_t rx_frames = 0;
  std::uint64_t tx_frames = 0;
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_missed = 0;     ///< the receive queue was full
  std::uint64_t rx_errors = 0;     ///< damaged on the way
  std::uint64_t rx_no_buffer = 0;  ///< the pool was empty
  std::uint64_t tx_errors = 0;
};

/// Receive queues, and as many send queues. Created at run time: several ports may share a process
/// and a pool, several memif servers (ids 0, 1 ...) one socket.
///
/// Who fills a receive queue: a NIC by its hash of addresses and UDP ports (RSS), the kernel by its
/// own (af_packet), and of a memif the peer, who sends into the queue of the same number.
///
/// A memif server waits for its client, and for the next one when that has gone, without a call;
/// meanwhile link_up() is false and send() takes nothing. A memif client whose server has gone
/// needs reconnect(). It has as many queues as its server says, and reaches none that has more than
/// was wished for.
///
/// A device that is taken away, by the kernel or by a hand, is given back within link(), since
/// whoever takes it waits for that.
///
/// Threads: one at a time for the bursts of a queue; that of the first queue for all else.
class RawPort {
 public:
  /// Needs the EAL to run; `pool` outlives the port. Throws StartError.
  RawPort(const RawPortConfig& config, FramePool& pool);
  // The device goes with the port; no socket stays behind.
  RawPort(const RawPort&) = delete;
  RawPort& operator=(const RawPort&) = delete;

  /// Fills `burst` from the front, one reference each, and returns how many came.
  std::size_t receive(std::span<Frame*> burst, std::uint16_t queue = 0);
  /// Takes frames from the front of `burst` with their references, and returns how many; those
  /// that it does not take stay with the caller. Tries once.
  std::size_t send(std::span<Frame*> burst, std::uint16_t queue = 0);
  std::uint16_t queues() const { return capabilities_.queues; }
  /// See ReceiveInterrupt; none where the port has none, or was not asked for them.
  std::optional<ReceiveInterrupt>& receive_interrupt() { return receive_interrupt_; }

  /// Cheap on a memif and where the driver hears of changes; else a question to the kernel, or to
  /// the device's registers: for now and then. A link that was interrupted since is Link::down
  /// once; a device that was taken away is Link::gone, a memif whose server is back on other terms
  /// Link::mismatched.
  Link link();
  bool link_up() { return link() == Link::up; }
  /// Of one that is gone: once its driver has it again, reconnect() takes it again.
  bool comes_back() const { return !driver_.empty(); }
  /// A memif client without a link tries once to reach its server again, and a port that was given
  /// back, each second, whether its driver has the same NIC again; link_up() tells how that went.
  /// Nothing to do on other ports. System calls: for now and then.
  void reconnect();

  /// Lets frames to these groups in, or to all groups, or all frames, whatever the port can do:
  /// it may let in more than was asked for, and the receiver filters.
  void receive_groups(std::span<const MacAddress> groups);

  const MacAddress& mac() const { return mac_; }
  const Offloads& offloads() const { return capabilities_.offloads; }
  /// What it has not of what was wished for, a short sentence each; complete once groups were
  /// asked for.
  std::vector<std::string> lowered() const;
  const std::string& device() const { return name_.name; }
  PortCounters counters() const;

 private:
  void configure(const RawPortConfig& config, FramePool& pool);
  void set_up(std::uint16_t queue, const rte_eth_rxconf& rx, const rte_eth_txconf& tx,
              FramePool& pool);
  void start(const RawPortConfig& config);
  bool begin_burst(std::uint16_t queue);
  void give_back();
  void take_back();
  void open_again();
  void reach_server();
  void connect(DurationNs timeout_ns);
  bool filter_vlan(std::uint16_t vlan);
  std::uint16_t queues_of_server(const RawPortConfig& config) const;
  bool server_differs() const;
  [[noreturn]] void refuse_server(const std::string& reason, bool met) const;

  RawPortConfig config_;
  FramePool& pool_;
  DeviceName name_;
  std::optional<Device> device_;  ///< none once it was given back
  std::string driver_;            ///< the kernel's, where it is on the PCI bus
  std::uint16_t id_;
  bool memif_client_ = false;
  std::atomic<bool> started_{false};  ///< the threads of all queues look
  Link link_ = Link::down;
  bool server_differs_ = false;  ///< from what this port was opened for: it is not reached
  bool link_interrupts_are_mute_ = false;
  TimeNs next_look_ns_ = 0;
  TimeNs reconnect_after_ns_ = 0;
  TimeNs give_back_after_ns_ = 0;
  Wishes wished_;
  Capabilities capabilities_;
  MacAddress mac_{};
  std::vector<MacAddress> groups_;
  // Of one, each kind of port has at most one.
  std::optional<InterfaceLink> interface_link_;
  std::optional<PortEvents> events_;
  std::optional<ReceiveInterrupt> receive_interrupt_;
};

}  // namespace muster::dpdk
