// Two nodes that send each other numbered messages on several channels.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <string>

#include <fmt/format.h>

#include "node/clock.h"
#include "node/node.h"
#include "tests/node/world.h"

namespace muster::test {

/// False: not within a minute.
template <class Done>
bool poll_until(std::span<Node* const> nodes, Done done) {
  const TimeNs end_ns = monotonic_ns() + 60 * second;
  while (!done()) {
    std::size_t work = 0;
    for (Node* node : nodes) work += node->poll();
    nodes.front()->idle(work);
    if (monotonic_ns() > end_ns) return false;
  }
  return true;
}

class Conversation {
 public:
  Conversation(Node& left, Diary& left_diary, Node& right, Diary& right_diary)
      : sides_{{{left, right.self().id}, {right, left.self().id}}} {
    hear(left_diary, sides_[0]);
    hear(right_diary, sides_[1]);
  }

  /// So many messages from each to the other. Empty, or what was wrong; all `nodes` are polled.
  std::string run(std::span<Node* const> nodes, std::uint32_t messages) {
    const bool all = poll_until(nodes, [&] {
      for (Side& side : sides_) send(side, messages);
      return sides_[0].heard == messages && sides_[1].heard == messages;
    });
    if (!all)
      return fmt::format("heard {} and {} of {}", sides_[0].heard, sides_[1].heard, messages);
    return sides_[0].mistake + sides_[1].mistake;
  }

 private:
  static constexpr std::uint32_t channels = 4;
  struct Side {
    Node& node;
    MemberId other;
    std::uint32_t sent = 0;
    std::uint32_t heard = 0;
    std::array<std::uint32_t, channels> next = {0, 1, 2, 3};  ///< that is to come on each channel
    std::string mistake{};
  };

  static void send(Side& side, std::uint32_t messages) {
    for (; side.sent < messages; ++side.sent) {
      std::array<std::byte, 600> message{};  // two in a packet
      std::memcpy(message.data(), &side.sent, sizeof side.sent);
      if (side.node.send(side.other, message, static_cast<ChannelId>(side.sent % channels)) !=
          SendResult::sent)
        return;
    }
  }
  static void hear(Diary& diary, Side& side) {
    diary.on_data = [&side](const Message& message) {
      std::uint32_t number = 0;
      std::memcpy(&number, message.bytes().data(), sizeof number);
      std::uint32_t& next = side.next[message.channel()];
      if (number != next && side.mistake.empty())
        side.mistake = fmt::format("{} came where {} was due; ", number, next);
      next += channels;
      ++side.heard;
    };
  }

  std::array<Side, 2> sides_;
};

}  // namespace muster::test
