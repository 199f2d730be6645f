// The ways to pass messages to another process that the suite compares.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bench/messaging/endpoint.h"

namespace muster::bench {

struct Way {
  std::string_view name;
  /// Several busy threads or processes on one core: idle ones must yield it.
  bool shares_core;
  /// It promises that nothing is lost: a loss is a mistake, not a figure.
  bool reliable;
  /// A virtual switch stands between the two, which loses that share of the frames.
  std::string_view switch_loss;
  std::string_view note;
  /// nullptr: not part of this build, since what it needs is not installed.
  std::unique_ptr<MessageEndpoint> (*open)(const Place&);
};

/// In the order in which a round runs them; the bare port is the first.
std::span<const Way> ways();
/// The same protocol with a switch between the members, without and with loss.
std::span<const Way> switched_ways();
/// Throws std::runtime_error where there is none of that name.
const Way& way_named(std::string_view name);

/// Of all members, ports and datagrams here: what set_mtu() said, in this process or in the one
/// that started it.
std::uint32_t mtu();
/// DPDK's memory for the pools of both ends, at any of these.
inline constexpr std::uint32_t memory_mb = 256;
void set_mtu(std::uint32_t mtu);
/// Of each member that is pipelined, in the same way.
std::uint16_t io_threads();
void set_io_threads(std::uint16_t threads);

/// DPDK's name for the port of a process: a memif between the two.
std::string memif_device(const Place& place);
/// The same, to the switch that listens in the directory.
std::string switch_device(const Place& place);
/// The path of its socket.
std::string switch_socket(const std::string& directory);

std::unique_ptr<MessageEndpoint> open_bare_port(const Place& place);
std::unique_ptr<MessageEndpoint> open_inline(const Place& place);
std::unique_ptr<MessageEndpoint> open_topic(const Place& place);
std::unique_ptr<MessageEndpoint> open_pipelined(const Place& place);
std::unique_ptr<MessageEndpoint> open_through_switch(const Place& place);
std::unique_ptr<MessageEndpoint> open_inline_over_sockets(const Place& place);
std::unique_ptr<MessageEndpoint> open_kernel_udp(const Place& place);
std::unique_ptr<MessageEndpoint> open_kernel_udp_batched(const Place& place);
std::unique_ptr<MessageEndpoint> open_zeromq(const Place& place);

}  // namespace muster::bench
