// What a node can be told, in code. node/config_file.h reads the same from a TOML file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/config.h"
#include "cluster/mtu.h"
#include "node/errors.h"

namespace muster {

enum class TransportKind : std::uint8_t {
  dpdk,    ///< a port that DPDK can name
  socket,  ///< kernel UDP sockets, for machines without DPDK
};

/// Who runs the protocol (docs/adr/0004-two-ways-to-run.md). The behaviour is the same.
enum class Mode : std::uint8_t {
  pipelined,   ///< I/O threads and an engine thread; the application hears over a ring
  run_inline,  ///< Node::poll() runs everything: one core, lowest latency; poll often
};

/// What a thread does when there is nothing to do.
enum class Idle : std::uint8_t {
  automatic,  ///< spins where each thread can have a core and one is left, else backs off
  spin,       ///< polls on: lowest latency, a whole core for each thread
  backoff,    ///< yields, then sleeps for up to 100 us: members can share a core
  /// Yields, then sleeps until there is something: the application's thread of a pipelined node,
  /// and an inline one on sockets, or on a port with receive interrupts. Others back off.
  sleep,
};

/// How a port is reached that is named by its interface, its MAC or its PCI address
/// (docs/adr/0023-ports-by-name.md).
enum class PortWay : std::uint8_t {
  automatic,   ///< the best that leaves the kernel its default route
  vfio,        ///< DPDK's own driver: the kernel has given the NIC away (scripts/nic bind)
  bifurcated,  ///< DPDK's own driver beside the kernel's: mlx4, mlx5
  af_xdp,      ///< the kernel's driver; what comes is the member's, and the kernel sees none of it
  af_packet,   ///< the kernel's driver; the kernel sees all of it too
};

struct DpdkConfig {
  PortWay way = PortWay::automatic;
  std::uint32_t memory_mb = 64;
  bool hugepages = false;
  /// Also on a memif, whose frames stay in memory; for a switch there that sends them on by wire.
  bool udp_checksum = false;
  /// Given to DPDK's EAL after muster's own.
  std::vector<std::string> eal_arguments;
};

/// The cores that the threads of a pipelined node are pinned to; without a value, wherever the
/// kernel puts them.
struct CoresConfig {
  std::vector<std::uint32_t> io;  ///< one for each of the io_threads, or none
  std::optional<std::uint32_t> engine;
};

struct LimitsConfig {
  /// Packets received, to send, and kept for the peer. The pool holds besides what topics keep:
  /// MessagingConfig::retained_packets.
  std::uint32_t pool_packets = 4096;
  /// Messages and events that wait for Node::poll(); a power of two. Past it messages wait at
  /// their senders.
  std::uint32_t event_queue = 1024;
  /// Events other than messages that are kept when the queue is full; past it is what
  /// Handler::on_overrun() says.
  std::uint32_t event_backlog = 1 << 20;
  /// The same in bytes: names and values too.
  std::uint32_t event_backlog_bytes = 512 << 20;
  /// That the application keeps beyond their callbacks, each thread by its share of the channels;
  /// at most a sixteenth of the pool.
  std::uint32_t kept_packets = 256;
  /// Of messages of many packets, for each thread: so much is put together, and so much waits to be
  /// sent. One message is always taken. Of what is put together a member that has not ended all
  /// that it has begun gets half at most.
  std::uint32_t long_message_bytes = 64 << 20;
  /// Packets of messages and changes that wait for the engine thread; a power of two.
  std::uint32_t command_queue = 1024;
};

/// A service that is advertised from the start.
struct ServiceConfig {
  std::string path;
  std::string value;
  std::map<std::string, std::string> attributes = {};
};

inline constexpr std::size_t seeds_max = 64;

struct NodeConfig {
  std::string name;     ///< of this member, unique in the cluster; 1 to 63 bytes
  std::string cluster;  ///< packets of other clusters are dropped; 1 to 63 bytes

  TransportKind transport = TransportKind::dpdk;
  /// dpdk: an interface ("eth1"), its MAC ("52:54:00:12:34:56"), a PCI address ("0000:3b:00.0"), or
  /// a vdev of DPDK with its arguments ("net_memif0,role=client,id=0,socket=/run/muster.sock").
  std::string device;
  /// This member's own, with its network: "10.77.0.1/24", "fd77::1/64", "fe80::1%eth0". A cluster
  /// is of IPv4 or of IPv6, and all addresses here are of the same.
  std::string address;
  /// Bytes of the longest IP packet that members send, for which all that carries it has to be
  /// made; the same for all members.
  std::uint32_t mtu = mtu_default;
  /// dpdk: the VLAN (IEEE 802.1Q) whose tag this member's frames bear, 1 to 4094; it hears no
  /// others. None: frames without a tag.
  std::optional<std::uint16_t> vlan;
  std::uint16_t port = 7777;  ///< UDP; the same for all members
  std::string group;          ///< multicast group of the cluster; empty: default_group()
  /// Through whom members of other networks are reached, by a port of its own; empty: through
  /// nobody. Over kernel sockets the kernel's routes hold.
  std::string gateway;
  /// False where this member's network has none, as in most clouds: what others multicast it then
  /// gets, and says, as copies by unicast. Members of one cluster may differ in this.
  bool multicast = true;
  /// Addresses of members, "10.0.0.1:7777" or "[fd77::1]:7777", by which those find each other whom
  /// multicast does not reach; best the same list for all. This member's own may be among them. At
  /// most seeds_max.
  std::vector<std::string> seeds;

  Mode mode = Mode::pipelined;
  /// Of a pipelined node on a port of DPDK, 1 to 8: each serves a queue of the port, and there are
  /// no more than the port has (PortInfo::queues). A peer's packets keep to one of them
  /// (docs/adr/0027-several-queues.md).
  std::uint16_t io_threads = 1;
  Idle idle = Idle::automatic;
  CoresConfig cores;
  DpdkConfig dpdk;
  LimitsConfig limits;

  MembershipConfig membership = lan_timers();  ///< see use_preset()
  DirectoryConfig directory;
  /// But for send_packets and held_packets: these are shares of LimitsConfig::pool_packets, and
  /// what stands here is ignored.
  MessagingConfig messaging;
  /// A loop that was away for longer counts as a stall (NodeStats).
  DurationNs stall_threshold_ns = 10 * ms;
  /// A port without link for as long is lost, at the start for eight times as long
  /// (Handler::on_port_lost).
  DurationNs port_lost_after_ns = 500 * ms;

  std::vector<ServiceConfig> services;
};

/// 239.77.0.1, or ff12::4d:1, which does not leave the segment either, for members whose own
/// address is of IPv6.
constexpr IpAddress default_group(const IpAddress& own) {
  return own.is_v4() ? IpAddress(0xef4d0001) : IpAddress(0xff12'0000'0000'0000, 0x4d'0001);
}

enum class Preset : std::uint8_t { lan, fast, wan };
/// Sets the timers of membership and, with them, how long an answer or an acknowledgement may take;
/// guarantee_of(config.membership) tells what they promise.
void use_preset(NodeConfig& config, Preset preset);

/// One mistake in a configuration.
struct ConfigMistake {
  std::string field;  ///< as the file spells it: "timers.heartbeat_interval"
  std::string text;   ///< what is wrong, and the remedy
};

/// Every mistake there is; empty when the configuration can be used.
std::vector<ConfigMistake> find_mistakes(const NodeConfig& config);
/// Throws ConfigError with all of them.
void validate(const NodeConfig& config);

}  // namespace muster
