// Frames in plain memory for the tests of the switch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "cluster/wire/layout.h"
#include "tools/fabric/frame_info.h"

namespace muster::fabric::test {

inline constexpr Mac group_mac = 0x01005e010203;
constexpr Mac station(unsigned number) { return 0x020000000000 + number; }

inline void put(std::vector<std::byte>& bytes, std::uint64_t value, std::size_t count) {
  for (std::size_t i = count; i-- > 0;) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
}

inline std::vector<std::byte> ethernet(Mac to, Mac from, std::uint16_t ether_type) {
  std::vector<std::byte> bytes;
  put(bytes, to, 6);
  put(bytes, from, 6);
  put(bytes, ether_type, 2);
  return bytes;
}

/// Appends an IPv4 header, a UDP header and a payload.
inline void put_udp(std::vector<std::byte>& bytes, const std::vector<std::byte>& payload) {
  put(bytes, 0x4500, 2);
  put(bytes, 28 + payload.size(), 2);
  put(bytes, 0, 4);       // identification, not a fragment
  put(bytes, 0x4011, 2);  // hops, UDP
  put(bytes, 0, 2);       // checksum
  put(bytes, 0x0a4d0001, 4);
  put(bytes, 0x0a4d0002, 4);
  put(bytes, 7777, 2);
  put(bytes, 7777, 2);
  put(bytes, 8 + payload.size(), 2);
  put(bytes, 0, 2);  // no checksum
  bytes.insert(bytes.end(), payload.begin(), payload.end());
}

inline std::vector<std::byte> muster_payload(wire::Type type) {
  wire::Header header{};
  header.magic = wire::magic;
  header.version = wire::version;
  header.type = static_cast<std::uint8_t>(type);
  const auto* bytes = reinterpret_cast<const std::byte*>(&header);
  return {bytes, bytes + sizeof header};
}

inline std::vector<std::byte> muster_frame(Mac to, Mac from,
                                           wire::Type type = wire::Type::heartbeat) {
  auto bytes = ethernet(to, from, 0x0800);
  put_udp(bytes, muster_payload(type));
  return bytes;
}

/// What FabricSwitch asks of a frame, without a pool. `Pool::left` buffers can be cloned.
struct MemoryFrame {
  struct Pool {
    std::size_t left = 1000;
  };

  MemoryFrame() = default;
  MemoryFrame(std::vector<std::byte> content, Pool& from) : data(std::move(content)), pool(&from) {}

  std::span<const std::byte> bytes() const { return *data; }
  std::size_t size() const { return data->size(); }
  explicit operator bool() const { return data.has_value(); }
  MemoryFrame clone() const {
    if (pool->left == 0) return {};
    --pool->left;
    return {*data, *pool};
  }

  std::optional<std::vector<std::byte>> data;
  Pool* pool = nullptr;
};

}  // namespace muster::fabric::test
