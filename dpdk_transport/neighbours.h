// Which Ethernet address an IP address is at: what has been heard of it, and how to ask.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cluster/types.h"
#include "dpdk_transport/mac_address.h"

namespace muster::dpdk {

/// An address and where it is.
struct Station {
  IpAddress address{};
  MacAddress mac{};
};
/// One station's own addresses: neither a group's, nor everybody's, nor nobody's.
bool is_station(const Station& station);

/// What a message between neighbours says: ARP for IPv4 (arp.h), discovery for IPv6 (discovery.h).
struct NeighbourNews {
  bool valid = false;  ///< false: its sender makes no sense
  /// Asks for our address, and is to be answered: to all, where its sender has no address.
  bool for_us = false;
  bool conflict = false;     ///< somebody else says that he has our address, or would like it
  bool answer = false;       ///< said because somebody asked, perhaps we; or to all, unasked
  bool asks_others = false;  ///< for another's address than ours and its sender's
  Station sender{};
};

/// Bounded: a new station may push out an older one, which is then asked for again. What says where
/// it is pushes out nobody by being said alone: whoever sends as many strangers' datagrams.
class NeighbourTable {
 public:
  static constexpr std::size_t stations_max = 4096;

  void learn(const Station& station);
  /// The same where that pushes out nobody. False: nothing was to be learned, or there was no room.
  bool learn_if_room(const Station& station);
  /// What learn() would change nothing of is heard of again. False: it would.
  bool hear_again(const Station& station);
  /// nullptr: not known.
  const MacAddress* find(const IpAddress& address) const;

  /// Goes on through the table by a part of it. Whoever was not heard of since the last time is
  /// doubted, and to be asked for: ask(address); who does not answer for long is forgotten.
  template <class Ask>
  void doubt_some(Ask&& ask);
  /// So many calls are once through.
  static constexpr std::size_t parts = 512;

 private:
  static constexpr std::size_t ways = 4;
  static constexpr std::size_t sets = stations_max / ways;
  static constexpr std::uint8_t doubts_max = 4;
  struct Known {
    IpAddress address{};  ///< unspecified: free
    MacAddress mac{};
    std::uint8_t doubts = 0;
  };
  struct Set {
    std::array<Known, ways> stations{};
    std::size_t oldest = 0;
  };
  static std::size_t set_of(const IpAddress& address);
  static Known* known_in(Set& set, const IpAddress& address);

  std::array<Set, sets> sets_{};
  std::size_t next_part_ = 0;
};

template <class Ask>
void NeighbourTable::doubt_some(Ask&& ask) {
  constexpr std::size_t some = sets / parts;
  for (std::size_t i = 0; i < some; ++i)
    for (Known& known : sets_[next_part_ * some + i].stations) {
      if (known.address.is_unspecified() || known.doubts++ == 0) continue;
      if (known.doubts > doubts_max)
        known = {};
      else
        ask(known.address);
    }
  next_part_ = (next_part_ + 1) % parts;
}

/// Keeps requests for one address apart: a burst to a silent station asks for it once.
class NeighbourPacer {
 public:
  static constexpr DurationNs interval_ns = 1'000'000;

  /// True when `address` may be asked for now.
  bool ask(const IpAddress& address, TimeNs now);
  /// It is the last that was asked for of those that share its place.
  bool has_asked(const IpAddress& address) const {
    return asked_[address.low % asked_.size()].address == address;
  }

 private:
  struct Asked {
    IpAddress address{};
    TimeNs again_ns = 0;
  };
  std::array<Asked, 64> asked_{};
};

}  // namespace muster::dpdk
