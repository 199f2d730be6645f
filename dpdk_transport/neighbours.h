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
  bool conflict = false;  ///< somebody else says that he has our address, or would like it
  Station sender{};
};

/// Bounded: a new station may push out an older one, which is then asked for again.
class NeighbourTable {
 public:
  static constexpr std::size_t stations_max = 4096;

  void learn(const Station& station);
  /// nullptr: not known.
  const MacAddress* find(const IpAddress& address) const;

 private:
  static constexpr std::size_t ways = 4;
  static constexpr std::size_t sets = stations_max / ways;
  struct Set {
    std::array<Station, ways> stations{};  ///< unspecified: free
    std::size_t oldest = 0;
  };
  static std::size_t set_of(const IpAddress& address);

  std::array<Set, sets> sets_{};
};

/// Keeps requests for one address apart: a burst to a silent station asks for it once.
class NeighbourPacer {
 public:
  static constexpr DurationNs interval_ns = 1'000'000;

  /// True when `address` may be asked for now.
  bool ask(const IpAddress& address, TimeNs now);

 private:
  struct Asked {
    IpAddress address{};
    TimeNs again_ns = 0;
  };
  std::array<Asked, 64> asked_{};
};

}  // namespace muster::dpdk
