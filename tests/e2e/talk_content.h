// What the messages of a talk hold: every byte follows from which message it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace muster::talk {

/// One process's messages to one incarnation of a member, on one channel, are numbered from 1.
struct Which {
  std::uint64_t stream = 0;  ///< another number for each
  std::uint64_t number = 0;
};

/// SplitMix64's step (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
inline std::uint64_t mixed(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// Most fit a packet with others, some fill one, and a few take many.
inline std::size_t size_of(const Which& which) {
  std::uint64_t state = which.stream + which.number;
  const std::uint64_t kind = mixed(state) % 100;
  const std::uint64_t most = kind < 70 ? 240 : kind < 96 ? 1400 : 60'000;
  return sizeof(Which) + mixed(state) % most;
}

inline void write(const Which& which, std::vector<std::byte>& message) {
  message.resize(size_of(which));
  std::memcpy(message.data(), &which, sizeof which);
  std::uint64_t state = which.stream ^ (which.number << 20);
  for (std::size_t at = sizeof which; at < message.size(); at += sizeof state) {
    const std::uint64_t word = mixed(state);
    std::memcpy(message.data() + at, &word, std::min(sizeof word, message.size() - at));
  }
}

/// Nothing where a single byte is not what it must be. `scratch` spares an allocation.
inline std::optional<Which> read(std::span<const std::byte> message,
                                 std::vector<std::byte>& scratch) {
  Which which;
  if (message.size() < sizeof which) return std::nullopt;
  std::memcpy(&which, message.data(), sizeof which);
  write(which, scratch);
  if (!std::ranges::equal(message, scratch)) return std::nullopt;
  return which;
}

}  // namespace muster::talk
