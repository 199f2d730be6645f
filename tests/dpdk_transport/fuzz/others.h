// What others say on the segment, as the input has it: whole frames of every kind that a member
// reads, from whomever, with some of their bytes changed, and their checksums right all the same or
// not.
#pragma once

#include <cstdint>

#include "tests/dpdk_transport/fuzz/said.h"
#include "tests/dpdk_transport/fuzz/wire.h"
#include "tests/fuzz/input.h"

namespace muster::dpdk::fuzz {

enum class OthersKind : std::uint8_t {
  datagram,
  group_datagram,
  asks_for_us,
  asks_for_another,
  asks_without_address,
  answer,
  announcement,
  echo_request,
  older_query,
  newer_query,
  noise,
};
constexpr std::size_t others_kinds = 11;

/// The stations of the segment, by number.
IpAddress station_address(bool v4, std::uint32_t number);
/// To whom the owner of the member talks: the first few stations.
constexpr std::uint32_t friends = 4;
/// Another network's, beyond the gateway, which is the last of the friends.
IpAddress far_address(bool v4, std::uint8_t number);

/// As its sender would write it.
Bytes written(OthersKind kind, const Station& sender, const Speaker& to, std::size_t payload_bytes);
/// Makes the checksums right of whatever can be told to have some.
void repair(std::span<std::byte> frame);

/// The next one of the input. Those whom nobody knows are counted on: each is another.
Arrival next_arrival(muster::fuzz::Input& input, const Speaker& to, std::uint32_t& strangers);

}  // namespace muster::dpdk::fuzz
