// Whether the longest packets arrive (docs/protocol.md §7.7).
#include "cluster/paths/paths.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/messaging/message_writer.h"
#include "tests/cluster/support/segment.h"

namespace muster::test {
namespace {

constexpr DurationNs until_verdict_ns = 8 * second;

/// ann and bob know each other, and what they ask and answer of their paths is on record.
struct TwoMembers : testing::Test {
  TwoMembers() {
    segment.run_for(second);
    segment.record = [](const Segment::Transit& transit) { return is_of_paths(transit); };
  }
  static bool is_of_paths(const Segment::Transit& transit) {
    return transit.type == wire::Type::path_probe || transit.type == wire::Type::path_answer;
  }
  static bool is_long(const Segment::Transit& transit) { return transit.bytes.size() > 1400; }

  void say(Segment::Host& from, const Segment::Host& to, std::string_view text) {
    Packet& packet = *from.port.allocate();
    begin_messages(packet);
    MessageWriter({}, bytes(text)).write(packet);
    ASSERT_EQ(from.member->send({to.member->self(), 0}, packet, 1), SendResult::sent);
  }
  std::size_t sent(const Segment::Host& by, wire::Type type) const {
    return by.member->stats().sent[static_cast<std::size_t>(type)];
  }
  std::size_t asked(const Segment::Host& by) const { return sent(by, wire::Type::path_probe); }

  Segment segment;
  Segment::Host& ann = segment.start("ann");
  Segment::Host& bob = segment.start("bob");
};

TEST_F(TwoMembers, AskOnceWhenTheirSessionBegins) {
  segment.run_for(second);
  EXPECT_EQ(asked(ann), 0U) << "nobody has talked";
  std::vector<std::size_t> lengths;
  segment.filter = [&](const Segment::Transit& transit) {
    if (transit.type == wire::Type::path_probe && &transit.from == &ann)
      lengths.push_back(transit.bytes.size());
    return true;
  };
  say(ann, bob, "hi");
  segment.run_for(until_verdict_ns);
  say(ann, bob, "again");
  segment.run_for(70 * second);
  EXPECT_EQ(lengths, (std::vector<std::size_t>{66, MemoryPort::payload_bytes}));
  EXPECT_EQ(asked(bob), 2U) << "each direction is asked for by who sends in it";
  EXPECT_EQ(sent(bob, wire::Type::path_answer), 2U);
  EXPECT_EQ(ann.member->paths().narrow(), 0U);
  EXPECT_FALSE(ann.events.has("path to bob carries 1500"));
}

TEST_F(TwoMembers, AreToldOnceOfAPathThatLosesWhatIsLong) {
  segment.filter = [&](const Segment::Transit& transit) {
    return &transit.from != &ann || !is_long(transit);
  };
  say(ann, bob, "hi");
  segment.run_for(7 * second - 10 * ms);
  EXPECT_EQ(asked(ann), 6U) << "three tries, each of two";
  EXPECT_EQ(ann.member->paths().narrow(), 0U) << "the last answer may come yet";
  segment.run_for(second);
  EXPECT_TRUE(ann.events.has("path to bob loses 1500"));
  segment.run_for(150 * second);
  EXPECT_EQ(ann.events.count("path to bob loses 1500"), 1U);
  EXPECT_EQ(ann.member->paths().narrow(), 1U);
  EXPECT_EQ(asked(ann), 18U) << "again each minute";
  EXPECT_FALSE(bob.events.has("path to ann loses 1500"));

  segment.filter = {};
  segment.run_for(70 * second);
  EXPECT_EQ(ann.events.count("path to bob carries 1500"), 1U);
  EXPECT_EQ(ann.member->paths().narrow(), 0U);
  const std::size_t before = asked(ann);
  segment.run_for(150 * second);
  EXPECT_EQ(asked(ann), before);
}

/// An older member drops what it does not know.
TEST_F(TwoMembers, DoNotCallAnOlderMemberNarrow) {
  segment.filter = [&](const Segment::Transit& transit) { return !is_of_paths(transit); };
  say(ann, bob, "hi");
  segment.run_for(150 * second);
  EXPECT_EQ(ann.member->paths().narrow(), 0U);
  EXPECT_FALSE(ann.events.has("path to bob loses 1500"));
  EXPECT_EQ(bob.events.count("message ann hi"), 1U);
}

TEST_F(TwoMembers, DoNotTakeLossForNarrowness) {
  int short_ones = 0;
  segment.filter = [&](const Segment::Transit& transit) {
    if (transit.type != wire::Type::path_probe || &transit.from != &ann) return true;
    return !is_long(transit) && ++short_ones != 2;
  };
  say(ann, bob, "hi");
  segment.run_for(until_verdict_ns);
  EXPECT_EQ(ann.member->paths().narrow(), 0U);
  EXPECT_GE(short_ones, 3);
}

TEST_F(TwoMembers, AskNoMoreOfAMemberThatHasGone) {
  segment.filter = [&](const Segment::Transit& transit) { return !is_of_paths(transit); };
  say(ann, bob, "hi");
  segment.run_for(500 * ms);
  segment.crash(bob);
  segment.run_for(second);
  const std::size_t before = asked(ann);
  segment.run_for(150 * second);
  EXPECT_EQ(asked(ann), before);
}

std::vector<std::byte> probe_of(const MemberKey& sender, std::size_t fill) {
  MemoryPort port;
  Outbox outbox(port, Sender{cluster_id("test"), sender});
  Packet& packet = *outbox.open(wire::Type::path_probe);
  const std::vector<std::byte> zeros(fill);
  append(packet, wire::PathProbe{.nonce = 7,
                                 .bytes = static_cast<std::uint16_t>(
                                     packet.size + sizeof(wire::PathProbe) + fill)});
  append(packet, std::span<const std::byte>(zeros));
  std::vector<std::byte> all(packet.payload().begin(), packet.payload().end());
  port.release(packet);
  return all;
}

/// What a stranger says, or a member from elsewhere, brings no packet to anybody; and a member
/// brings no more than there may be, none of them as long as its own.
TEST_F(TwoMembers, AnswerMembersAloneAndWithinABudget) {
  const auto hear = [&](const std::vector<std::byte>& packet, const Endpoint& from) {
    Packet& raw = bob.port.received(from, packet);
    bob.member->on_packet(segment.now(), raw);
    bob.port.release(raw);
  };
  const MemberKey stranger{member_id("eve"), 1};
  hear(probe_of(stranger, 0), ann.config.self);
  hear(probe_of(ann.member->self(), 0), {0x0a4d0009, 7777});
  EXPECT_EQ(sent(bob, wire::Type::path_answer), 0U);
  const auto shortest = probe_of(ann.member->self(), 0);
  bob.port.take_transmitted();
  for (int i = 0; i < 1000; ++i) hear(shortest, ann.config.self);
  EXPECT_EQ(sent(bob, wire::Type::path_answer), 256U);
  for (const auto& answer : bob.port.take_transmitted())
    EXPECT_LT(answer.bytes.size(), shortest.size());
}

}  // namespace
}  // namespace muster::test
