#include "cluster/messaging/message_writer.h"

#include <algorithm>
#include <limits>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/messaging/pair.h"

namespace muster::test {
namespace {

struct MessageWriterTest : testing::Test {
  /// A packet of which `bytes` are left for messages.
  Packet& packet_with_room(std::size_t bytes) {
    packets.push_back(port.allocate());
    Packet& packet = *packets.back();
    packet.capacity = static_cast<std::uint32_t>(messages_offset + bytes);
    begin_messages(packet);
    return packet;
  }
  /// Of which there would be room for so much in a jumbo frame.
  Packet& long_packet_with_room(std::size_t bytes) {
    long_ones.push_back(std::make_unique<std::byte[]>(messages_offset + bytes));
    Packet& packet = packet_with_room(bytes);
    packet.data = long_ones.back().get();
    begin_messages(packet);
    return packet;
  }
  ~MessageWriterTest() override {
    for (Packet* packet : packets) port.release(*packet);
  }
  /// What the peer's parser makes of it; nothing if it refuses it.
  std::vector<wire::MessageView> read(Packet& packet) {
    Outbox(port, {Side::cluster, {}}).stamp(packet, wire::Type::session);
    session_head(packet).sequence = 1;
    wire::Parsed parsed;
    if (wire::parse(packet.payload(), Side::cluster, parsed)) return {};
    const auto& session = std::get<wire::SessionView>(parsed.body);
    opens_bytes = session.opens_bytes;
    std::vector<wire::MessageView> views;
    for (const wire::MessageView& view : session.messages) views.push_back(view);
    return views;
  }

  MemoryPort port;
  std::vector<Packet*> packets;
  std::vector<std::unique_ptr<std::byte[]>> long_ones;
  std::uint32_t opens_bytes = 0;
};

TEST_F(MessageWriterTest, WritesSeveralIntoOnePacketUntilThereIsNoRoom) {
  Packet& packet = packet_with_room(30);
  EXPECT_TRUE(MessageWriter({}, bytes_of("hello")).write(packet));
  EXPECT_TRUE(MessageWriter({}, {}).write(packet));
  EXPECT_TRUE(MessageWriter({}, bytes_of("thirteen byte")).write(packet));  // to the last byte
  EXPECT_EQ(packet.size, packet.capacity);
  MessageWriter late({}, {});
  EXPECT_FALSE(late.write(packet));
  EXPECT_FALSE(late.done());
  const auto views = read(packet);
  ASSERT_EQ(views.size(), 3U);
  EXPECT_EQ(text(views[0].payload), "hello");
  EXPECT_EQ(text(views[1].payload), "");
  EXPECT_EQ(text(views[2].payload), "thirteen byte");
  for (const auto& view : views) EXPECT_TRUE(view.whole());
  EXPECT_EQ(opens_bytes, 0U);
}

TEST_F(MessageWriterTest, AppendsDataAsAWriterWritesIt) {
  Packet& packet = packet_with_room(30);
  EXPECT_TRUE(append_data(packet, bytes_of("hello")));
  EXPECT_TRUE(append_data(packet, {}));
  EXPECT_FALSE(append_data(packet, bytes_of("fourteen bytes")));
  EXPECT_TRUE(append_data(packet, bytes_of("thirteen byte")));  // to the last byte
  Packet& written = packet_with_room(30);
  for (const char* payload : {"hello", "", "thirteen byte"})
    EXPECT_TRUE(MessageWriter({}, bytes_of(payload)).write(written));
  EXPECT_TRUE(std::ranges::equal(packet.payload().subspan(sizeof(wire::Header)),
                                 written.payload().subspan(sizeof(wire::Header))));
}

// What fits a packet is never cut: it waits for the next one.
TEST_F(MessageWriterTest, CutsOnlyWhatFitsNoPacket) {
  Packet& packet = packet_with_room(100);
  MessageWriter first({}, bytes_of("first"));
  EXPECT_TRUE(first.write(packet));
  const std::string fits(96, 'x');
  MessageWriter whole({}, bytes_of(fits));
  EXPECT_FALSE(whole.write(packet));
  EXPECT_EQ(whole.written(), 0U);
  EXPECT_EQ(read(packet).size(), 1U);
  EXPECT_TRUE(whole.write(packet_with_room(100)));
  EXPECT_TRUE(whole.done());
  const std::string does_not(97, 'x');
  MessageWriter cut({}, bytes_of(does_not));
  EXPECT_TRUE(cut.write(packet));  // behind what stands there
  EXPECT_FALSE(cut.done());
  EXPECT_EQ(packet.size, packet.capacity);
  const auto views = read(packet);
  ASSERT_EQ(views.size(), 2U);
  EXPECT_TRUE(views[1].first);
  EXPECT_FALSE(views[1].last);
  EXPECT_EQ(views[1].message_bytes, 97U);
  EXPECT_EQ(opens_bytes, 97U);
}

TEST_F(MessageWriterTest, BeginsNoMessageWhereNothingOfItHasRoom) {
  const std::string large(1000, 'x');
  MessageWriter writer({}, bytes_of(large));
  for (std::size_t room = 0; room <= 8; ++room)
    EXPECT_FALSE(writer.write(packet_with_room(room))) << room;
  Packet& packet = packet_with_room(9);
  EXPECT_TRUE(writer.write(packet));
  EXPECT_EQ(writer.written(), 1U);
  EXPECT_EQ(read(packet).size(), 1U);
}

TEST_F(MessageWriterTest, WritesACallAndItsAnswer) {
  Packet& packet = packet_with_room(200);
  EXPECT_TRUE(MessageWriter({.kind = wire::MessageKind::request, .call = 7, .path = "/prices"},
                            bytes_of("IBM?"))
                  .write(packet));
  EXPECT_TRUE(
      MessageWriter(
          {.kind = wire::MessageKind::response, .call = ~CallId{}, .status = CallStatus::failed},
          bytes_of("81"))
          .write(packet));
  const auto views = read(packet);
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].kind, wire::MessageKind::request);
  EXPECT_EQ(views[0].call, 7U);
  EXPECT_EQ(views[0].path, "/prices");
  EXPECT_EQ(text(views[0].payload), "IBM?");
  EXPECT_EQ(views[1].kind, wire::MessageKind::response);
  EXPECT_EQ(views[1].call, ~CallId{});
  EXPECT_EQ(views[1].status, CallStatus::failed);
  EXPECT_EQ(text(views[1].payload), "81");
}

TEST_F(MessageWriterTest, SpareTheCopyOfThePayloadThatStandsInItsPlace) {
  Packet& packet = packet_with_room(100);
  std::memcpy(packet.data + payload_offset, "here", 4);
  write_head_in_place(packet, 4);
  EXPECT_TRUE(MessageWriter({}, bytes_of("behind it")).write(packet));
  const auto views = read(packet);
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(text(views[0].payload), "here");
  EXPECT_EQ(text(views[1].payload), "behind it");
}

// Whatever the sizes: the parser takes each packet, and the assembly puts it together again.
TEST_F(MessageWriterTest, EverySizeInPacketsOfEverySizeComesBackAsItWas) {
  Assembly::Shared shared{.port = port, .kept_packets_max = 1000, .all_kept_packets_max = 1000};
  Assembly assembly(shared);
  std::string payload;
  for (std::size_t i = 0; i < 300; ++i) payload += static_cast<char>('a' + i % 26);
  for (const auto kind : {wire::MessageKind::data, wire::MessageKind::request}) {
    for (std::size_t room = 30; room <= 90; ++room) {
      for (std::size_t size = 0; size <= payload.size(); size += 1 + size / 40) {
        const std::string_view part(payload.data(), size);
        MessageWriter writer({.kind = kind, .call = 5, .path = "/p"}, bytes_of(part));
        auto step = Assembly::Step::more;
        while (!writer.done()) {
          Packet& packet = packet_with_room(room);
          ASSERT_TRUE(writer.write(packet));
          const auto views = read(packet);
          ASSERT_EQ(views.size(), 1U) << "room " << room << ", size " << size;
          step = assembly.add(views[0], packet);
        }
        ASSERT_EQ(step, Assembly::Step::whole);
        std::string whole;
        for (const wire::Bytes piece : assembly.message().pieces) whole += text(piece);
        ASSERT_EQ(whole, part);
        assembly.clear();
        while (!packets.empty()) {
          port.release(*packets.back());
          packets.pop_back();
        }
      }
    }
  }
}

struct LentMessage : MessageWriterTest {
  static constexpr std::size_t large = 3 * lent_bytes_min + 100;

  LentMessage() {
    for (std::byte& byte : memory->bytes()) byte = std::byte(next++ % 251);
  }
  /// With what is attached.
  Packet& whole(const Packet& packet) {
    places.push_back(std::make_unique<std::byte[]>(packet.capacity));
    Packet& copy = copies.emplace_back();
    copy = {.data = places.back().get(), .capacity = packet.capacity};
    copy_payload(packet, copy);
    return copy;
  }

  std::size_t next = 0;
  BoundedMemory source{1 << 20};
  HeldMemory memory{MessageMemory::lendable(source, large)};
  std::vector<std::unique_ptr<std::byte[]>> places;
  std::list<Packet> copies;
};

TEST_F(LentMessage, StaysWhereItLiesUntilTheLastPacketIsReleased) {
  MessageWriter writer({}, memory->bytes());
  writer.lend(port, *memory);
  const std::size_t room = lent_bytes_min + 200;
  std::vector<std::byte> heard;
  while (!writer.done()) {
    Packet& packet = long_packet_with_room(room);
    ASSERT_TRUE(writer.write(packet));
    EXPECT_EQ(packet.tail_size > 0, !writer.done()) << "what is short is copied";
    const auto views = read(whole(packet));
    ASSERT_EQ(views.size(), 1U);
    heard.insert(heard.end(), views[0].payload.begin(), views[0].payload.end());
  }
  EXPECT_TRUE(std::ranges::equal(heard, memory->bytes()));
  memory = {};
  EXPECT_GT(source.taken(), 0U);
  for (Packet* packet : std::exchange(packets, {})) port.release(*packet);
  EXPECT_EQ(source.taken(), 0U);
}

TEST_F(LentMessage, EndsItsPacket) {
  MessageWriter writer({}, memory->bytes().first(lent_bytes_min));
  writer.lend(port, *memory);
  Packet& packet = long_packet_with_room(2 * lent_bytes_min);
  ASSERT_TRUE(writer.write(packet));
  ASSERT_TRUE(writer.done());
  EXPECT_EQ(packet.tail_size, lent_bytes_min);
  EXPECT_FALSE(append_data(packet, bytes_of("behind it")));
  EXPECT_FALSE(MessageWriter({}, bytes_of("behind it")).write(packet));
  const auto views = read(whole(packet));
  ASSERT_EQ(views.size(), 1U);
  EXPECT_TRUE(std::ranges::equal(views[0].payload, memory->bytes().first(lent_bytes_min)));
}

TEST_F(LentMessage, IsCopiedWhereItsMemoryIsOrdinary) {
  const HeldMemory ordinary(MessageMemory::ordinary(lent_bytes_min));
  MessageWriter writer({}, ordinary->bytes());
  writer.lend(port, *ordinary);
  Packet& packet = long_packet_with_room(2 * lent_bytes_min);
  ASSERT_TRUE(writer.write(packet));
  EXPECT_EQ(packet.tail_size, 0U);
}

// A jumbo packet holds more than the length of a piece can say.
TEST_F(MessageWriterTest, CutsWhatIsLongerThanTheLengthOfAPieceCanSay) {
  std::vector<std::byte> memory(200'000);
  Packet packet{.data = memory.data(), .capacity = static_cast<std::uint32_t>(memory.size())};
  const std::string large(150'000, 'x');
  MessageWriter writer({}, bytes_of(large));
  std::size_t pieces = 0;
  std::size_t bytes = 0;
  while (!writer.done()) {
    begin_messages(packet);
    ASSERT_TRUE(writer.write(packet));
    const auto views = read(packet);
    ASSERT_EQ(views.size(), 1U);
    bytes += views[0].payload.size();
    ++pieces;
  }
  EXPECT_EQ(bytes, large.size());
  EXPECT_EQ(pieces, 3U);
}

}  // namespace
}  // namespace muster::test
