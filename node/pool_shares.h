// Who may have how many packets of the pool (docs/adr/0014-a-channel-is-a-stream-of-packets.md).
#pragma once

#include <cstddef>

#include "cluster/wire/layout.h"
#include "node/channel_set.h"

namespace muster::pool_share {

/// Together less than all: the rest is there to receive with.
/// From when they are given to the application, till acknowledged.
constexpr std::size_t to_send(std::size_t pool) { return pool * 52 / 100; }
constexpr std::size_t held(std::size_t pool) { return pool * 12 / 100; }  ///< for those before
constexpr std::size_t unheard(std::size_t pool) { return pool / 4; }      ///< by the application
constexpr std::size_t assembled(std::size_t pool) { return pool / 32; }   ///< messages in pieces
constexpr std::size_t kept(std::size_t pool) { return pool / 16; }        ///< KeptMessage
static_assert(to_send(10'000) + held(10'000) + unheard(10'000) + assembled(10'000) + kept(10'000) <=
              9'900);

/// Of those to send: empty ones, pipelined; more than wait for one channel's window, also in a
/// small pool.
constexpr std::size_t stock(std::size_t pool) { return pool / 8; }
/// The same with those that the application has taken and not given to be sent.
constexpr std::size_t unsent(std::size_t pool) { return pool / 4; }
static_assert(2 * unsent(10'000) <= to_send(10'000));  // what is on its way has as much

/// What a thread of the application has of a share: each of its channels the same.
inline std::size_t of_channels(std::size_t packets, ChannelSet channels) {
  return packets * channels.count() / wire::channels;
}

}  // namespace muster::pool_share
