// What begins each payload of the simulator, so that it can be told from any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <xxhash.h>

namespace muster::sim {

/// Of a head, but for its own `hash`, and of what follows it.
template <class Head>
std::uint64_t hash_of(const Head& head, std::span<const std::byte> rest) {
  return XXH3_64bits_withSeed(rest.data(), rest.size(),
                              XXH3_64bits(&head, offsetof(Head, hash)) ^ rest.size());
}

}  // namespace muster::sim
