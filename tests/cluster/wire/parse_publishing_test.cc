// Publications, positions and reports: what is sound, and what is not.
#include <gtest/gtest.h>

#include "tests/cluster/wire/draft.h"

namespace muster::wire {
namespace {

Message head(MessageKind kind, std::size_t payload_bytes, std::uint8_t flags = 0) {
  return {.kind = static_cast<std::uint8_t>(kind),
          .flags = flags,
          .payload_bytes = static_cast<std::uint16_t>(payload_bytes)};
}
Draft publication(std::uint32_t sequence, std::uint16_t messages) {
  return Draft(Type::publication)
      .add(Publication{.topic = 3,
                       .sequence = sequence,
                       .report_delay_us = 4,
                       .report_packets = 5,
                       .messages = messages,
                       .reserved = 0xffff});
}
Draft position(std::uint64_t turn, std::uint64_t first, std::uint8_t kind) {
  return Draft(Type::position)
      .add(Position{.receiver_incarnation = 1,
                    .topic = 3,
                    .subscription = 2,
                    .turn = turn,
                    .first = first,
                    .kind = kind});
}
Draft report(std::uint8_t words, std::uint8_t kind = 0) {
  Draft packet = Draft(Type::report)
                     .add(Report{.receiver_incarnation = 1,
                                 .topic = 3,
                                 .turn = 4,
                                 .acknowledged = 5,
                                 .window_packets = 6,
                                 .away = 0,
                                 .kind = kind,
                                 .selective_words = words});
  for (std::uint8_t word = 0; word < words; ++word) packet.add(Le64(word));
  return packet;
}
bool refused(Draft packet) { return parse(packet) == Reject::malformed; }

// docs/protocol.md §9.3.
TEST(ParsePublishing, ReadsAPublicationLikeASessionsMessages) {
  Draft packet = publication(7, 2);
  packet.add(head(MessageKind::data, 5)).add("whole");
  packet.add(head(MessageKind::data, 5, piece_more)).add(Le32(9)).add("begin");
  Parsed out;
  ASSERT_EQ(wire::parse(packet.bytes(), cluster, out), std::nullopt);
  const auto& view = std::get<PublicationView>(out.body);
  EXPECT_EQ(view.body->sequence, 7U);
  EXPECT_EQ(view.opens_bytes, 9U);
  EXPECT_EQ(text_of(view.messages.begin()->payload), "whole");
  EXPECT_EQ(messages_in(packet.bytes().data()).size(), 2U) << "where a session's messages stand";
}

TEST(ParsePublishing, RejectsEveryTruncationAndEveryTrailingByte) {
  Draft packet = publication(7, 1);
  packet.add(head(MessageKind::data, 2)).add("hi");
  nothing_else_is_sound(packet);
  nothing_else_is_sound(position(1, 1, 0));
  nothing_else_is_sound(report(2));
}

TEST(ParsePublishing, RefusesAPublicationThatNobodyWrites) {
  const auto hi = [](std::uint32_t sequence, MessageKind kind) {
    return publication(sequence, 1).add(head(kind, 2)).add("hi");
  };
  EXPECT_FALSE(refused(hi(1, MessageKind::data)));
  EXPECT_TRUE(refused(hi(0, MessageKind::data))) << "no number";
  EXPECT_TRUE(refused(publication(1, 0))) << "no message";
  Draft request = publication(1, 1).add(head(MessageKind::request, 0));
  request.add(Call{.call = 1, .detail = 2}).add("/a");
  EXPECT_TRUE(refused(request)) << "nobody answers";
}

// docs/protocol.md §9.4.
TEST(ParsePublishing, RefusesAPositionThatIsNone) {
  EXPECT_FALSE(refused(position(1, 1, 1)));
  EXPECT_FALSE(refused(position(1, position_first_max, 0)));
  EXPECT_TRUE(refused(position(0, 1, 0)));
  EXPECT_TRUE(refused(position(1, 0, 0)));
  EXPECT_TRUE(refused(position(1, position_first_max + 1, 0)));
  EXPECT_FALSE(refused(position(1, 1, 2)));
  EXPECT_TRUE(refused(position(1, 1, 3)));
}

// docs/protocol.md §9.5.
TEST(ParsePublishing, RefusesAReportOfNoKind) {
  EXPECT_FALSE(refused(report(0, 1)));
  EXPECT_TRUE(refused(report(0, 2)));
}

// docs/protocol.md §9.5.
TEST(ParsePublishing, RefusesAReportOfMoreThanAnyWindowHas) {
  EXPECT_FALSE(refused(report(0)));
  EXPECT_FALSE(refused(report(selective_words_max)));
  EXPECT_TRUE(refused(report(selective_words_max + 1)));
}

}  // namespace
}  // namespace muster::wire
