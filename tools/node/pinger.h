// Measures the round trip of messages to a member: one message out, its answer back, as often as
// asked.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "cluster/wire/endian.h"
#include "node/node.h"

namespace muster::node_command {

/// A ping, or the answer to one: begins as no line of text does. The answer has the ping's number,
/// so that one which comes after its ping was given up is not taken for the answer to the next.
struct Ping {
  std::array<std::byte, 56> mark;
  wire::Le64 number;

  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(this, 1)); }
};
static_assert(sizeof(Ping) == 64);

constexpr std::array<std::byte, 56> mark_of(char mark) {
  std::array<std::byte, 56> bytes{};
  bytes.fill(static_cast<std::byte>(mark));
  return bytes;
}

/// The number, if the message bears this mark.
inline std::optional<std::uint64_t> number_in(std::span<const std::byte> message,
                                              const std::array<std::byte, 56>& mark) {
  if (message.size() != sizeof(Ping)) return std::nullopt;
  Ping ping;
  std::memcpy(&ping, message.data(), sizeof ping);
  return ping.mark == mark ? std::optional(std::uint64_t{ping.number}) : std::nullopt;
}

class Pinger {
 public:
  struct Result {
    MemberId member{};
    std::vector<std::uint64_t> round_trips_ns;  ///< sorted

    std::uint64_t quantile(double q) const {
      return round_trips_ns[static_cast<std::size_t>(
          q * static_cast<double>(round_trips_ns.size() - 1))];
    }
  };

  bool busy() const { return left_ > 0; }
  /// `count` pings; on a slow machine those that come back within `limit`, one at least.
  void start(MemberId member, std::size_t count,
             std::chrono::milliseconds limit = std::chrono::seconds(3)) {
    result_ = {member, {}};
    result_.round_trips_ns.reserve(count);
    left_ = count;
    ends_ = Clock::now() + limit;
    waiting_ = false;
  }
  void abandon(MemberId member) {
    if (result_.member == member) left_ = 0;
  }
  /// Sends the next ping if none is under way. False when the measurement has been given up: the
  /// member is not there, or has not answered for long.
  bool step(Node& node) {
    if (left_ == 0) return true;
    if (waiting_) {
      if (Clock::now() - sent_ > patience) left_ = 0;
      return left_ > 0;
    }
    sent_ = Clock::now();
    const SendResult result = node.send(result_.member, Ping{ping, ++number_}.bytes());
    waiting_ = result == SendResult::sent;
    if (!waiting_ && result != SendResult::would_block) left_ = 0;
    return left_ > 0;
  }
  /// Is the message a ping (which is answered) or the answer to one? Gives the result of a
  /// measurement that this answer has completed.
  bool hear(Node& node, const MemberKey& from, std::span<const std::byte> payload,
            std::optional<Result>& completed) {
    if (const auto asked = number_in(payload, ping)) {
      node.send(from.id, Ping{pong, *asked}.bytes());  // window full: dropped, the asker gives up
      return true;
    }
    const auto answered = number_in(payload, pong);
    if (!answered) return false;
    if (left_ == 0 || !waiting_ || from.id != result_.member || answered != number_) return true;
    waiting_ = false;
    const auto round_trip = Clock::now() - sent_;
    result_.round_trips_ns.push_back(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(round_trip).count()));
    if (--left_ == 0 || Clock::now() > ends_) {
      left_ = 0;
      std::ranges::sort(result_.round_trips_ns);
      completed = std::move(result_);
    }
    return true;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds patience{2};
  static constexpr auto ping = mark_of('\1');
  static constexpr auto pong = mark_of('\2');

  Result result_;
  std::size_t left_ = 0;
  bool waiting_ = false;
  std::uint64_t number_ = 0;  // of the last ping: grows, whoever was asked
  Clock::time_point sent_;
  Clock::time_point ends_;
};

}  // namespace muster::node_command
