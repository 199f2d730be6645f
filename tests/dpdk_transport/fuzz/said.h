// What a member has said: each frame that it sends is one of a few, and right in every field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dpdk_transport/classify.h"
#include "dpdk_transport/neighbours.h"

namespace muster::dpdk::fuzz {

struct Speaker {
  Station station;
  LocalAddresses local;
  std::uint16_t vlan;
  std::uint32_t mtu;
};

enum class SaidKind : std::uint8_t {
  datagram,
  neighbour_request,
  neighbour_answer,
  announcement,  ///< or the answer to who has no address
  echo_reply,
  group_report,
};
constexpr std::size_t said_kinds = 6;

struct Said {
  SaidKind kind;
  MacAddress destination{};
  Endpoint peer{};                       ///< of a datagram
  std::span<const std::byte> payload{};  ///< the same
};

/// Aborts where the frame is none of them.
Said look_at(std::span<const std::byte> frame, const Speaker& speaker);

}  // namespace muster::dpdk::fuzz
