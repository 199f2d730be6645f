// Session packets, and the messages in them: what is sound, and what is not.
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/wire/draft.h"

namespace muster::wire {
namespace {

/// Of one channel; `words` are what follows the messages.
Draft session(std::uint32_t sequence, std::uint16_t messages, std::uint8_t words = 0) {
  Draft packet(Type::session);
  packet.add(Session{.receiver_incarnation = 1,
                     .sequence = sequence,
                     .acknowledged = 0,
                     .window_packets = 64,
                     .messages = messages,
                     .away = 0,
                     .channel = 15,
                     .selective_words = words});
  return packet;
}

Message head(MessageKind kind, std::size_t payload_bytes, std::uint8_t flags = 0) {
  return {.kind = static_cast<std::uint8_t>(kind),
          .flags = flags,
          .payload_bytes = static_cast<std::uint16_t>(payload_bytes)};
}
Call request(std::string_view path) {
  return {.call = 77, .detail = static_cast<std::uint8_t>(path.size())};
}
Call response(CallStatus status) {
  return {.call = 78, .detail = static_cast<std::uint8_t>(status)};
}

/// One message of each kind, and two words of a selective acknowledgement.
Draft session() {
  Draft packet = session(1, 3, 2);
  packet.add(head(MessageKind::data, 5)).add("hello");
  packet.add(head(MessageKind::request, 4)).add(request("/echo")).add("/echo").add("ping");
  packet.add(head(MessageKind::response, 4)).add(response(CallStatus::failed)).add("pong");
  return packet.add(Le64(5)).add(Le64(9));
}

/// A message, and the first piece of another, which is a request.
Draft session_of_pieces() {
  Draft packet = session(2, 2);
  packet.add(head(MessageKind::data, 5)).add("whole");
  packet.add(head(MessageKind::request, 5, piece_more)).add(Le32(9)).add(request("/a"));
  return packet.add("/a").add("begin");
}

SessionView read(Draft& packet) {
  Parsed out;
  EXPECT_EQ(wire::parse(packet.bytes(), cluster, out), std::nullopt);
  return std::get<SessionView>(out.body);
}
std::vector<MessageView> messages_of(const SessionView& view) {
  std::vector<MessageView> messages;
  for (const auto& message : view.messages) messages.push_back(message);
  return messages;
}

// docs/protocol.md §7.1, §8.1.
TEST(ParseSession, ReadsMessagesOfEachKindAndTheWordsBehindThem) {
  auto packet = session();
  const SessionView view = read(packet);
  EXPECT_EQ(view.body->channel, 15);
  EXPECT_EQ(view.opens_bytes, 0u);
  ASSERT_EQ(view.selective.size(), 2u);
  EXPECT_EQ(view.selective[1], 9u);
  const auto messages = messages_of(view);
  ASSERT_EQ(messages.size(), 3u);
  for (const MessageView& message : messages) EXPECT_TRUE(message.whole());
  EXPECT_EQ(text_of(messages[0].payload), "hello");
  EXPECT_EQ(messages[0].message_bytes, 5u);
  EXPECT_EQ(messages[1].path, "/echo");
  EXPECT_EQ(messages[1].call, 77u);
  EXPECT_EQ(text_of(messages[1].payload), "ping");
  EXPECT_EQ(messages[2].call, 78u);
  EXPECT_EQ(messages[2].status, CallStatus::failed);
  EXPECT_EQ(text_of(messages[2].payload), "pong");
}

// docs/protocol.md §8.3.
TEST(ParseSession, ReadsPiecesOfMessages) {
  auto packet = session_of_pieces();
  const SessionView view = read(packet);
  EXPECT_EQ(view.opens_bytes, 9u);
  const auto messages = messages_of(view);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_TRUE(messages[0].whole());
  EXPECT_TRUE(messages[1].first && !messages[1].last);
  EXPECT_EQ(messages[1].message_bytes, 9u);
  EXPECT_EQ(messages[1].path, "/a");
  EXPECT_EQ(text_of(messages[1].payload), "begin");

  Draft end = session(3, 2);
  end.add(head(MessageKind::request, 4, piece_continues)).add("tail");
  end.add(head(MessageKind::data, 0));
  const MessageView piece = messages_of(read(end)).front();
  EXPECT_TRUE(!piece.first && piece.last);
  EXPECT_EQ(text_of(piece.payload), "tail");
}

TEST(ParseSession, RejectsEveryTruncationAndEveryTrailingByte) {
  for (const auto& whole : {session(), session_of_pieces()}) nothing_else_is_sound(whole);
}

bool refused(Draft packet) { return parse(packet) == Reject::malformed; }

// docs/protocol.md §7.1.
TEST(ParseSession, RefusesASessionPacketThatNobodyWrites) {
  EXPECT_FALSE(refused(session(0, 0)));
  EXPECT_TRUE(refused(session(1, 0))) << "a number, and no message";
  EXPECT_TRUE(refused(session(0, 1).add(head(MessageKind::data, 0)))) << "a message, and no number";
  Draft channel = session(0, 0);
  reinterpret_cast<Session*>(channel.bytes().data() + sizeof(Header))->channel = channels;
  EXPECT_TRUE(refused(channel)) << "there are sixteen";
  Draft words = session(0, 0, selective_words_max + 1);
  for (std::size_t word = 0; word <= selective_words_max; ++word) words.add(Le64(1));
  EXPECT_TRUE(refused(words)) << "more than any window has";
}

// docs/protocol.md §8.1.
TEST(ParseSession, RefusesMessagesThatAreNone) {
  const auto one = [](const Message& message) { return session(1, 1).add(message); };
  EXPECT_FALSE(refused(one(head(MessageKind::data, 0))));
  EXPECT_TRUE(refused(one(head(MessageKind{0}, 0))));
  EXPECT_TRUE(refused(one(head(MessageKind{4}, 0))));
  EXPECT_TRUE(refused(one(head(MessageKind::data, 1, 4)).add("x"))) << "a flag without a meaning";
  EXPECT_TRUE(refused(one(head(MessageKind::request, 0)).add(request("")))) << "no path";
  EXPECT_TRUE(refused(one(head(MessageKind::request, 0)).add(request("a")).add("a")));
  EXPECT_FALSE(refused(one(head(MessageKind::response, 0)).add(response(CallStatus::refused))));
  EXPECT_TRUE(refused(one(head(MessageKind::response, 0)).add(response(CallStatus{4}))));
}

// docs/protocol.md §8.3.
TEST(ParseSession, RefusesPiecesThatMakeNoMessage) {
  const auto opens = [](std::uint32_t message_bytes) {
    return session(1, 1).add(head(MessageKind::data, 2, piece_more)).add(Le32(message_bytes));
  };
  EXPECT_FALSE(refused(opens(3).add("xx")));
  EXPECT_TRUE(refused(opens(2).add("xx"))) << "nothing is left for the others";
  EXPECT_FALSE(refused(opens(message_bytes_max).add("xx")));
  EXPECT_TRUE(refused(opens(message_bytes_max + 1).add("xx")));
  for (const std::uint8_t flags : {piece_continues, piece_more})
    EXPECT_TRUE(refused(session(1, 1).add(head(MessageKind::data, 0, flags)).add(Le32(1))))
        << "an empty piece";

  Draft continues_late = session(1, 2);
  continues_late.add(head(MessageKind::data, 1)).add("x");
  continues_late.add(head(MessageKind::data, 1, piece_continues)).add("x");
  EXPECT_TRUE(refused(continues_late)) << "only the first continues one";
  Draft goes_on_early = session(1, 2);
  goes_on_early.add(head(MessageKind::data, 1, piece_continues | piece_more)).add("x");
  goes_on_early.add(head(MessageKind::data, 1)).add("x");
  EXPECT_TRUE(refused(goes_on_early)) << "only the last goes on";
  Draft ends_and_begins = session(1, 2);
  ends_and_begins.add(head(MessageKind::data, 1, piece_continues)).add("x");
  ends_and_begins.add(head(MessageKind::data, 1, piece_more)).add(Le32(2)).add("x");
  EXPECT_TRUE(refused(ends_and_begins)) << "what begins would keep the other from ending";
}

}  // namespace
}  // namespace muster::wire
