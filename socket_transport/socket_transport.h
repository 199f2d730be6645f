// The protocol over kernel UDP sockets: for machines without DPDK, and the honest baseline.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "cluster/mtu.h"
#include "cluster/packet.h"
#include "interfaces/interface_link.h"
#include "socket_transport/packet_pool.h"
#include "socket_transport/sockets.h"

namespace muster {

struct SocketTransportConfig {
  Endpoint self;   ///< an address of this machine, and this member's own port
  Endpoint group;  ///< the cluster's multicast group, of the same family
  std::uint32_t mtu = mtu_default;
  bool multicast = true;  ///< false: the group is not joined, and need not be reachable
  std::uint32_t pool_packets = 4096;
  std::string interface{};  ///< that has `self`; empty: any, as only link-local addresses need it
  std::optional<std::uint32_t> busy_poll_us;  ///< SO_BUSY_POLL, for NICs whose driver polls
};

/// Counted since construction; packets, unless the name says otherwise.
struct SocketTransportStats {
  std::uint64_t received = 0;      ///< handed to the caller
  std::uint64_t sent = 0;          ///< taken by the kernel
  std::uint64_t truncated = 0;     ///< dropped: longer than a packet
  std::uint64_t own = 0;           ///< dropped: this member's own multicast, looped back
  std::uint64_t oversize = 0;      ///< not sent: longer than a packet, or than the route allows
  std::uint64_t send_full = 0;     ///< not sent: the socket's buffer was full
  std::uint64_t send_spared = 0;   ///< not sent: expendable, so that there is room for others
  std::uint64_t send_errors = 0;   ///< not sent: no route, no permission, no link
  std::uint64_t receive_full = 0;  ///< dropped by the kernel: the socket's buffer was full
  std::uint64_t exhausted = 0;     ///< times that the pool was empty
};

/// Payloads are as long as all members' mtu lets them be, so that members on sockets and members on
/// DPDK form one cluster. Nothing is allocated after construction.
///
/// Threads: receive(), transmit(), flush() and stats() by one thread at a time; allocate(),
/// retain() and release() by any thread at any time (see PacketPool).
class SocketTransport final : public Transport {
 public:
  /// Throws StartError: one sentence that names the address and the remedy.
  explicit SocketTransport(const SocketTransportConfig& config);
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  Packet* allocate() override;
  void retain(Packet& packet) override { pool_.retain(packet); }
  void release(Packet& packet) override { pool_.release(packet); }
  void transmit(Packet& packet) override;
  std::size_t receive(std::span<Packet*> burst) override;
  std::size_t received_besides() const override { return received_besides_; }
  std::size_t flush() override;
  Endpoint self() const override { return self_; }
  /// A system call: for now and then, not for each cycle.
  Link link() override { return link_.now(); }
  std::uint32_t payload_bytes_max() const override { return pool_.payload_bytes(); }
  /// Armed or not.
  std::vector<int> descriptors() const override;

  SocketTransportStats stats() const;

 private:
  static constexpr std::size_t burst_max = 32;
  /// What the kernel has not taken waits. While a burst does, nothing expendable is added to it.
  static constexpr std::size_t outgoing_max = 2 * burst_max;

  /// What the kernel reads and fills in; entry i speaks of packet i.
  template <std::size_t room>
  struct Batch {
    Batch();
    std::array<mmsghdr, room> messages{};
    std::array<iovec, room> payloads{};
    std::array<socket::SocketAddress, room> peers{};
    std::array<Packet*, room> packets{};
    std::size_t size = 0;  ///< entries below this hold a packet

    void set(std::size_t entry, Packet& packet, std::size_t bytes);
    void remove_first(std::size_t count);
  };

  bool group_is_due();
  void stock();
  std::size_t receive_from(int fd, std::span<Packet*> burst);
  bool accept(std::size_t entry, std::uint32_t bytes);

  Endpoint self_;
  socket::Interface interface_;
  InterfaceLink link_;
  socket::Socket unicast_;
  std::optional<socket::Socket> group_;
  socket::PacketPool pool_;
  Batch<burst_max> incoming_;  ///< empty packets that wait to be received into
  Batch<outgoing_max> outgoing_;
  std::chrono::steady_clock::time_point next_group_look_;
  std::size_t received_besides_ = 0;
  SocketTransportStats stats_;
  std::atomic<std::uint64_t> exhausted_{0};
};

}  // namespace muster
