// Which Ethernet address an IPv4 address is at (RFC 826).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cluster/types.h"
#include "dpdk_transport/headers.h"

namespace muster::dpdk {

inline constexpr std::size_t arp_frame_bytes = sizeof(EthernetHeader) + sizeof(ArpPacket);

/// An IPv4 address (host byte order) and where it is.
struct Station {
  std::uint32_t address = 0;
  MacAddress mac{};
};

/// "Who is at `address`?", to everybody. `frame` has arp_frame_bytes.
void write_arp_request(std::span<std::byte> frame, const Station& self, std::uint32_t address);
/// "I am at my address", to everybody, unasked: old entries about us are corrected.
void write_arp_announcement(std::span<std::byte> frame, const Station& self);

/// What an ARP frame says.
struct ArpNews {
  bool valid = false;     ///< false: not about IPv4 over Ethernet, or its sender makes no sense
  bool for_us = false;    ///< asks for our address: make_arp_reply() answers it
  bool conflict = false;  ///< somebody else says that he has our address
  Station sender;
};
/// `frame` was classified as ARP.
ArpNews read_arp(std::span<const std::byte> frame, const Station& self);
/// Turns the request in `frame` into our answer to it.
void make_arp_reply(std::span<std::byte> frame, const Station& self);

/// Bounded: a new station may push out an older one, which is then asked for again.
class ArpTable {
 public:
  static constexpr std::size_t stations_max = 4096;

  void learn(const Station& station);
  /// nullptr: not known.
  const MacAddress* find(std::uint32_t address) const;

 private:
  static constexpr std::size_t ways = 4;
  static constexpr std::size_t sets = stations_max / ways;
  struct Set {
    std::array<Station, ways> stations{};  ///< address 0: free
    std::size_t oldest = 0;
  };
  static std::size_t set_of(std::uint32_t address);

  std::array<Set, sets> sets_{};
};

/// Keeps requests for one address apart: a burst to a silent station asks for it once.
class ArpPacer {
 public:
  static constexpr DurationNs interval_ns = 1'000'000;

  /// True when `address` may be asked for now.
  bool ask(std::uint32_t address, TimeNs now);

 private:
  struct Asked {
    std::uint32_t address = 0;
    TimeNs again_ns = 0;
  };
  std::array<Asked, 64> asked_{};
};

}  // namespace muster::dpdk
