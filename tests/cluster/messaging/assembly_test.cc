#include "cluster/messaging/assembly.h"

#include <array>
#include <deque>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

using Step = Assembly::Step;

struct AssemblyTest : testing::Test {
  /// A piece in a packet of its own, of which the assembly alone keeps a reference.
  Step add(wire::MessageView piece, std::string_view payload) {
    return add_to(*assembly, piece, payload);
  }
  Step add_to(Assembly& to, wire::MessageView piece, std::string_view payload) {
    Packet& packet = port.received({}, bytes_of(payload));
    piece.payload = packet.payload();
    const Step step = to.add(piece, packet);
    port.release(packet);
    return step;
  }
  Step first(std::uint32_t message_bytes, std::string_view payload) {
    wire::MessageView piece;
    piece.last = false;
    piece.message_bytes = message_bytes;
    return add(piece, payload);
  }
  Step middle(std::string_view payload) {
    wire::MessageView piece;
    piece.first = piece.last = false;
    return add(piece, payload);
  }
  Step last(std::string_view payload, wire::MessageKind kind = wire::MessageKind::data) {
    wire::MessageView piece;
    piece.kind = kind;
    piece.first = false;
    return add(piece, payload);
  }
  Step whole(std::string_view payload) {
    wire::MessageView piece;
    piece.message_bytes = static_cast<std::uint32_t>(payload.size());
    return add(piece, payload);
  }
  std::string message() const { return message_of(*assembly); }
  static std::string message_of(const Assembly& of) {
    std::string bytes;
    for (const wire::Bytes piece : of.message().pieces) bytes += text(piece);
    EXPECT_EQ(bytes.size(), of.message().size());
    return bytes;
  }

  MemoryPort port;
  Assembly::Shared shared{.port = port, .kept_packets_max = 4, .all_kept_packets_max = 6};
  std::optional<Assembly> assembly{std::in_place, shared};
};

TEST_F(AssemblyTest, AMessageInOnePieceIsWholeAtOnce) {
  EXPECT_EQ(whole("hello"), Step::whole);
  EXPECT_EQ(message(), "hello");
  EXPECT_EQ(port.alive(), 1U);
  assembly->clear();
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(whole(""), Step::whole);
  EXPECT_EQ(message(), "");
}

TEST_F(AssemblyTest, KeepsTheFewPacketsOfAMessageWhereTheyAre) {
  EXPECT_EQ(first(9, "one"), Step::more);
  EXPECT_EQ(assembly->message_bytes(), 9U);
  EXPECT_EQ(middle("two"), Step::more);
  EXPECT_EQ(last("six"), Step::whole);
  EXPECT_EQ(assembly->message().pieces.size(), 3U);
  EXPECT_EQ(message(), "onetwosix");
  EXPECT_EQ(port.alive(), 3U);
  assembly->clear();
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(assembly->message_bytes(), 0U);
}

TEST_F(AssemblyTest, CopiesWhatComesInMorePacketsThanMayBeKept) {
  EXPECT_EQ(first(12, "aa"), Step::more);
  for (const char* piece : {"bb", "cc", "dd"}) EXPECT_EQ(middle(piece), Step::more);
  EXPECT_EQ(port.alive(), 4U);
  EXPECT_EQ(middle("ee"), Step::more);
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(last("ff"), Step::whole);
  EXPECT_EQ(message(), "aabbccddeeff");
  EXPECT_EQ(assembly->message().pieces.size(), 1U);
}

TEST_F(AssemblyTest, CopiesFromTheFirstPieceOnWhatIsLongerThanThePacketsThatMayBeKept) {
  const std::string large(5 * MemoryPort::payload_bytes, 'x');
  EXPECT_EQ(first(static_cast<std::uint32_t>(large.size()), large.substr(0, 1000)), Step::more);
  EXPECT_EQ(middle(large.substr(1000, 1000)), Step::more);
  EXPECT_EQ(port.alive(), 0U);
  for (std::size_t at = 2000; at < 7000; at += 1000) middle(large.substr(at, 1000));
  EXPECT_EQ(last(large.substr(7000)), Step::whole);
  EXPECT_EQ(message(), large);
}

/// Each of them is short enough to be kept; together they are too many.
TEST_F(AssemblyTest, HoweverManyMessagesAreUnderWayAllTogetherKeepFewPackets) {
  constexpr std::array texts{"one...", "two...", "three.", "four..", "five.."};
  std::deque<Assembly> all;
  for (const std::string_view text : texts) {
    wire::MessageView piece;
    piece.last = false;
    piece.message_bytes = 7;
    EXPECT_EQ(add_to(all.emplace_back(shared), piece, text.substr(0, 3)), Step::more);
    piece.first = false;
    EXPECT_EQ(add_to(all.back(), piece, text.substr(3)), Step::more);
    EXPECT_LE(port.alive(), shared.all_kept_packets_max);
  }
  EXPECT_EQ(port.alive(), 6U);  // of the first three
  wire::MessageView end;
  end.first = false;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(add_to(all[i], end, "!"), Step::whole);
    EXPECT_EQ(message_of(all[i]), std::string(texts[i]) + "!");
  }
  all.clear();
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(shared.kept_packets, 0U);
}

TEST_F(AssemblyTest, KeepsTheHeadOfTheFirstPiece) {
  Packet& packet = port.received({}, bytes_of("/pathbody"));
  wire::MessageView piece;
  piece.kind = wire::MessageKind::request;
  piece.last = false;
  piece.message_bytes = 40'000;
  piece.call = 3;
  piece.path = {reinterpret_cast<const char*>(packet.data), 5};
  piece.payload = packet.payload().subspan(5);
  EXPECT_EQ(assembly->add(piece, packet), Step::more);
  port.release(packet);
  piece = {};
  piece.kind = wire::MessageKind::request;
  piece.first = piece.last = false;
  const std::string more(1000, 'x');
  for (int i = 0; i < 39; ++i) EXPECT_EQ(add(piece, more), Step::more);
  EXPECT_EQ(last(std::string(996, 'y'), wire::MessageKind::request), Step::whole);
  EXPECT_EQ(assembly->message().head.path, "/path");
  EXPECT_EQ(assembly->message().head.call, 3U);
  EXPECT_EQ(message().substr(0, 5), "bodyx");
}

TEST_F(AssemblyTest, UsesTheMemoryOfOneMessageForTheNext) {
  const std::string piece(1000, 'x');
  const std::byte* memory = nullptr;
  for (int message = 0; message < 3; ++message) {
    first(8000, piece);
    for (int i = 0; i < 6; ++i) middle(piece);
    ASSERT_EQ(last(piece), Step::whole);
    const std::byte* at = assembly->message().pieces[0].data();
    EXPECT_TRUE(message == 0 || at == memory);
    memory = at;
    assembly->clear();
  }
  EXPECT_EQ(shared.spare_buffers.size(), 1U);
}

TEST_F(AssemblyTest, AShorterMessageInALongerBufferEndsWhereItEnds) {
  const std::string piece(1000, 'x');
  first(8000, piece);
  assembly->clear();
  const std::string other(1000, 'y');
  first(7000, other);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(middle(other), Step::more);
  EXPECT_EQ(last(other), Step::whole);
  EXPECT_EQ(message(), std::string(7000, 'y'));
}

TEST_F(AssemblyTest, DropsPiecesThatMakeNoMessage) {
  EXPECT_EQ(middle("x"), Step::unsound);  // of nothing
  EXPECT_EQ(last("x"), Step::unsound);
  first(9, "one");
  EXPECT_EQ(first(9, "two"), Step::unsound);  // a message in a message
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(last("six"), Step::unsound);  // all of it is dropped
  first(9, "one");
  EXPECT_EQ(whole("two"), Step::unsound);
  first(9, "one");
  EXPECT_EQ(last("two"), Step::unsound);  // too short
  first(9, "one");
  EXPECT_EQ(middle("longer than it is"), Step::unsound);
  first(9, "one");
  EXPECT_EQ(middle("twosix"), Step::unsound);  // all is there, and more is announced
  first(9, "one");
  EXPECT_EQ(last("twosix", wire::MessageKind::request), Step::unsound);
  EXPECT_EQ(port.alive(), 0U);
  EXPECT_EQ(assembly->message_bytes(), 0U);
  EXPECT_EQ(whole("as if nothing had been"), Step::whole);
}

TEST_F(AssemblyTest, DropsAsWellWhatIsUnsoundInABuffer) {
  const std::string piece(1000, 'x');
  for (int round = 0; round < 10; ++round) {
    first(8000, piece);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(middle(piece), Step::more);
    EXPECT_EQ(middle(std::string(1001, 'x')), Step::unsound);
    EXPECT_EQ(port.alive(), 0U);
  }
  EXPECT_EQ(shared.spare_buffers.size(), 1U);
}

TEST_F(AssemblyTest, GivesBackWhatItHoldsWhenItEnds) {
  first(9, "one");
  middle("two");
  assembly.reset();
  EXPECT_EQ(port.alive(), 0U);
}

TEST_F(AssemblyTest, TheLongestMessageComesBackAsItWas) {
  std::mt19937_64 random(1);
  std::string large(wire::message_bytes_max, '\0');
  for (char& byte : large) byte = static_cast<char>(random());
  MessageWriter writer({}, bytes_of(large));
  auto step = Step::more;
  while (!writer.done()) {
    Packet& packet = *port.allocate();
    begin_messages(packet);
    ASSERT_TRUE(writer.write(packet));
    for (const wire::MessageView& piece : wire::messages_in(packet.data))
      step = assembly->add(piece, packet);
    port.release(packet);
    ASSERT_NE(step, Step::unsound);
  }
  EXPECT_EQ(step, Step::whole);
  EXPECT_TRUE(message() == large);
}

}  // namespace
}  // namespace muster::test
