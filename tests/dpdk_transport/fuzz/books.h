// What must add up over all that a member was told, did and said, whatever that was.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "dpdk_transport/dpdk_transport.h"
#include "tests/dpdk_transport/fuzz/said.h"
#include "tests/dpdk_transport/fuzz/wire.h"

namespace muster::dpdk::fuzz {

class Books {
 public:
  Books(const Speaker& speaker, const Route& route, std::uint16_t queues)
      : speaker_(speaker), route_(route), queues_(queues), start_ns_(Wire::now_ns) {}

  /// It will be received in that queue.
  void comes(const Arrival& arrival, std::uint16_t queue);
  /// The next so many were, and with them the owner received these packets.
  void received(std::uint16_t queue, std::size_t frames, std::span<Packet* const> packets);
  void sent(std::uint16_t queue, const Frame& frame);
  void announced() { ++announcements_; }
  /// The owner found the pool empty.
  void exhausted() { ++exhausted_; }

  /// A packet of the owner's, marked as one that may be sent to that peer.
  void mark(Packet& packet);
  void transmits(std::uint16_t queue, const Packet& packet);
  /// What it may be sent to last was known, or not.
  void resolved(const Packet& packet);

  /// Holds at any time.
  void check(std::uint16_t queue, const DpdkTransportStats& stats) const;
  /// Once nothing waits anywhere.
  void check_all(std::span<const DpdkTransportStats> stats, bool port_has_refused,
                 bool link_was_lost) const;

 private:
  /// Of what comes.
  struct Expected {
    bool silent = false;            ///< no counter says anything of it
    bool query = false;             ///< the same, where it is answered
    std::optional<Station> news{};  ///< where somebody is
    std::optional<Endpoint> sender{};
    Bytes payload{};  ///< of a datagram, which has a sender
  };
  struct Mark {
    std::uint32_t magic;
    std::uint32_t number;
  };
  struct Marked {
    std::uint32_t bytes = 0;
    std::set<std::pair<Endpoint, MacAddress>> to{};
    std::set<Endpoint> to_any{};
  };
  static constexpr std::uint32_t magic = 0x6d757374;

  Expected expected_of(const Arrival& arrival) const;
  void check_datagram(const Said& said) const;
  static std::byte filling(std::uint32_t number, std::size_t at) {
    return static_cast<std::byte>(number * 31 + at);
  }
  const Mark* mark_of(std::span<const std::byte> payload) const;

  Speaker speaker_;
  Route route_;
  std::uint16_t queues_;
  TimeNs start_ns_;
  std::array<std::deque<Expected>, Wire::queues_max> coming_;
  std::array<std::size_t, Wire::queues_max> received_{};
  std::size_t silent_ = 0, queries_ = 0;
  std::array<std::array<std::size_t, said_kinds>, Wire::queues_max> said_{};
  std::size_t announcements_ = 0, exhausted_ = 0;
  std::array<std::size_t, Wire::queues_max> transmitted_{};
  std::vector<Marked> marked_;
  std::set<std::pair<IpAddress, MacAddress>> claims_;
  std::map<IpAddress, MacAddress> last_claim_;
};

}  // namespace muster::dpdk::fuzz
