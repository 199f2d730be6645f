// What no application and no peer should do: each has a clear result, what it took is given back,
// and nothing else is disturbed.
#include <cstring>
#include <numeric>
#include <optional>

#include "cluster/messaging/message_writer.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

class NodeBadInput : public World {
 protected:
  static constexpr ChannelId good = 0;
  static constexpr ChannelId bad = 9;  ///< on which the crafted packets are

  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    a = &start("a");
    b = &start("b");
    a->port->leaks = &leaks_of_a;
    b->port->leaks = &leaks_of_b;
    ASSERT_TRUE(settle());
  }
  /// Whatever has happened, in the end every packet lies in its pool again.
  void TearDown() override {
    a->node.reset();
    b->node.reset();
    a->port = b->port = nullptr;
    EXPECT_EQ(leaks_of_a, 0U);
    EXPECT_EQ(leaks_of_b, 0U);
  }

  /// As many in each direction, while `between(i)` does what it likes: all arrive whole and in
  /// order.
  template <class Between>
  void talk(int messages, Between&& between, std::size_t bytes_max = 5000) {
    std::array<int, 2> heard{};
    std::array<int, 2> sent{};
    const std::array<Server*, 2> sides{a, b};
    const auto payload = [=](int i) {
      return fmt::format("{}:{}", i,
                         std::string(static_cast<std::size_t>(i) * 97 % bytes_max, '.'));
    };
    for (std::size_t to = 0; to < 2; ++to)
      sides[to]->diary.on_data = [&, to](const Message& message) {
        if (message.channel() == good) {
          EXPECT_EQ(text(message.bytes()), payload(heard[to]++));
        }
      };
    ASSERT_TRUE(until([&] {
      for (std::size_t from = 0; from < 2; ++from)
        if (sent[from] < messages &&
            (*sides[from])->send(from == 0 ? id("b") : id("a"), bytes(payload(sent[from])), good) ==
                SendResult::sent)
          between(sent[from]++);
      return heard == std::array{messages, messages};
    })) << heard[0]
        << " and " << heard[1] << " of " << messages;
    for (Server* side : sides) side->diary.on_data = nullptr;
  }

  /// A session packet of b's that b has not sent.
  struct Crafted {
    wire::Session head{};
    std::vector<std::byte> behind;  ///< acknowledgements and messages

    Crafted& message(std::uint8_t flags, std::size_t payload_bytes,
                     std::optional<std::uint32_t> message_bytes = {}) {
      head.messages = static_cast<std::uint16_t>(head.messages + 1);
      add(wire::Message{.kind = static_cast<std::uint8_t>(wire::MessageKind::data),
                        .flags = flags,
                        .payload_bytes = static_cast<std::uint16_t>(payload_bytes)});
      if (message_bytes) add(wire::Le32(*message_bytes));
      behind.resize(behind.size() + payload_bytes, std::byte{'!'});
      return *this;
    }
    Crafted& acknowledges(std::uint32_t up_to, std::vector<std::uint64_t> selective = {}) {
      head.acknowledged = up_to;
      head.selective_words = static_cast<std::uint8_t>(selective.size());
      for (const std::uint64_t word : selective) add(wire::Le64(word));
      return *this;
    }

   private:
    template <class Field>
    void add(const Field& field) {
      const auto* at = reinterpret_cast<const std::byte*>(&field);
      behind.insert(behind.end(), at, at + sizeof field);
    }
  };
  Crafted crafted(std::uint32_t sequence, ChannelId channel = bad) {
    Crafted crafted;
    crafted.head.receiver_incarnation = (*a)->self().incarnation;
    crafted.head.sequence = sequence;
    crafted.head.window_packets = 64;
    crafted.head.channel = channel;
    return crafted;
  }
  void deliver_to_a(const Crafted& crafted) {
    std::array<std::byte, 1472> bytes{};
    Packet packet{.data = bytes.data(), .capacity = bytes.size()};
    wire::Header header{};
    header.magic = wire::magic;
    header.version = header.oldest_version = wire::version;
    header.type = static_cast<std::uint8_t>(wire::Type::session);
    header.cluster = cluster_id("test");
    header.sender = static_cast<std::uint64_t>(id("b"));
    header.incarnation = (*b)->self().incarnation;
    header.packet_number = ++crafted_number_;
    const auto append = [&](const void* what, std::size_t size) {
      ASSERT_LE(packet.size + size, bytes.size());
      std::memcpy(bytes.data() + packet.size, what, size);
      packet.size += static_cast<std::uint32_t>(size);
    };
    append(&header, sizeof header);
    append(&crafted.head, sizeof crafted.head);
    if (!crafted.behind.empty()) append(crafted.behind.data(), crafted.behind.size());
    a->port->deliver(packet, b->port->self());
  }

  Server* a = nullptr;
  Server* b = nullptr;
  std::uint32_t leaks_of_a = 1;
  std::uint32_t leaks_of_b = 1;

 private:
  std::uint64_t crafted_number_ = 1'000'000;
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeBadInput, both_ways, mode_name);

// What a peer says.

TEST_P(NodeBadInput, SizesThatCannotBeAreRefusedBeforeAnythingIsDone) {
  const auto rejected = [this] {
    const auto counts = (*a)->stats().packets_rejected;
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  const std::uint64_t before = rejected();
  std::uint64_t delivered = 0;
  talk(200, [&](int i) {
    const std::uint32_t absurd[] = {0, 1, wire::message_bytes_max + 1, 0xffff'ffff};
    deliver_to_a(crafted(1).message(wire::piece_more, 10, absurd[i % 4]));
    Crafted many = crafted(1).message(0, 10);
    many.head.messages = static_cast<std::uint16_t>(2 + i % 2 * 0xfffd);
    deliver_to_a(many);
    Crafted words = crafted(1).message(0, 10);
    words.head.selective_words = 255;
    deliver_to_a(words);
    delivered += 3;
  });
  ASSERT_TRUE(until([&] { return rejected() - before == delivered; })) << rejected() - before;
  EXPECT_EQ((*a)->stats().messages_unsound, 0U);
}

TEST_P(NodeBadInput, SequencesAndAcknowledgementsOfNothingChangeNothing) {
  talk(200, [&](int i) {
    const std::uint32_t absurd[] = {0x7fff'ffff, 0xffff'ffff, 1'000'000, 70'000};
    deliver_to_a(crafted(absurd[i % 4]).message(0, 10));
    deliver_to_a(crafted(0, good).acknowledges(absurd[i % 4]));
    deliver_to_a(crafted(0, good).acknowledges(0, {~std::uint64_t{0}, ~std::uint64_t{0}}));
  });
  EXPECT_EQ(a->diary.messages, 200U);
}

/// What it says is the first piece of the longest message, on each channel, and no more comes.
/// Neither short messages nor long ones of others mind, while it is there.
TEST_P(NodeBadInput, WhatIsBegunAndNeverEndedHoldsALimitedPartOfTheMemory) {
  Server& c = start("c");
  ASSERT_TRUE(settle());
  for (ChannelId channel = 1; channel < wire::channels; ++channel)
    deliver_to_a(crafted(1, channel).message(wire::piece_more, 1000, wire::message_bytes_max));
  talk(200, [](int) {}, 1000);
  EXPECT_EQ(a->diary.messages, 200U);
  const std::string longer(100'000, '.');
  a->diary.on_data = [&](const Message& message) { EXPECT_EQ(message.size(), longer.size()); };
  ASSERT_TRUE(until([&] { return c->send(id("a"), bytes(longer)) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return a->diary.messages == 201; }));
  EXPECT_FALSE(a->diary.heard("removed b"));
}

TEST_P(NodeBadInput, PiecesThatMakeNoMessageAreCountedAndDropped) {
  std::uint32_t sequence = 0;
  talk(200, [&](int i) {
    if (i % 2 == 0)  // the end of nothing
      return deliver_to_a(crafted(++sequence).message(wire::piece_continues, 10));
    deliver_to_a(crafted(++sequence).message(wire::piece_more, 10, 100));
    deliver_to_a(crafted(++sequence).message(wire::piece_continues, 10));  // less than it said
  });
  ASSERT_TRUE(until([&] { return (*a)->stats().messages_unsound > 0; }));
  EXPECT_EQ(a->diary.messages, 200U);
}

/// It may say so: then one packet at a time, or as many as we may send, go to it on that channel.
TEST_P(NodeBadInput, AWindowOfNothingOrOfEverythingIsTakenForWhatItIs) {
  std::size_t sent = 0;
  std::size_t heard = 0;
  talk(200, [&](int i) {
    Crafted window = crafted(0);
    window.head.window_packets = i % 2 == 0 ? 0 : 0xffff;
    deliver_to_a(window);
    if ((*a)->send(id("b"), bytes("x"), bad) == SendResult::sent) ++sent;
  });
  b->diary.on_data = [&](const Message&) { ++heard; };
  EXPECT_TRUE(until([&] { return (*a)->send(id("b"), bytes("last"), bad) == SendResult::sent; }));
  EXPECT_TRUE(until([&] { return heard > 0 && b->diary.messages == 200 + sent + 1; }));
}

// What the application does.

TEST_P(NodeBadInput, ABufferIsCommittedOnce) {
  Buffer buffer;
  ASSERT_TRUE(until([&] { return static_cast<bool>(buffer = (*a)->claim(10)); }));
  ASSERT_EQ((*a)->commit(buffer, id("b")), SendResult::sent);
  EXPECT_FALSE(buffer);
  EXPECT_EQ((*a)->commit(buffer, id("b")), SendResult::no_buffer);
  Buffer never_claimed;
  EXPECT_EQ((*a)->commit(never_claimed, id("b")), SendResult::no_buffer);
}

TEST_P(NodeBadInput, ABufferIsCommittedToWhoGaveIt) {
  Buffer of_b;
  ASSERT_TRUE(until([&] { return static_cast<bool>(of_b = (*b)->claim(10)); }));
#ifdef NDEBUG
  EXPECT_EQ((*a)->commit(of_b, id("b")), SendResult::no_buffer);
#else
  EXPECT_DEATH((*a)->commit(of_b, id("b")), "owner_");
#endif
  EXPECT_TRUE(of_b);
  EXPECT_EQ((*b)->commit(of_b, id("a")), SendResult::sent);
}

TEST_P(NodeBadInput, AKeptMessageIsReleasedOnce) {
  KeptMessage kept;
  a->diary.on_data = [&](const Message& message) { kept = message.keep(); };
  ASSERT_EQ((*b)->send(id("a"), bytes("x")), SendResult::sent);
  ASSERT_TRUE(until([&] { return static_cast<bool>(kept); }));
  kept.release();
#ifdef NDEBUG
  kept.release();
#else
  EXPECT_DEATH(kept.release(), "owner_");
#endif
}

TEST_P(NodeBadInput, ThereAreNoOtherChannels) {
  ASSERT_EQ((*b)->advertise("/s"), AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return !(*a)->lookup("/s").empty(); }));
  Buffer buffer;
  ASSERT_TRUE(until([&] { return static_cast<bool>(buffer = (*a)->claim(10)); }));
  for (const ChannelId channel : {ChannelId{wire::channels}, ChannelId{100}, ChannelId{254}}) {
    EXPECT_EQ((*a)->send(id("b"), {}, channel), SendResult::no_such_channel);
    EXPECT_EQ((*a)->commit(buffer, id("b"), channel), SendResult::no_such_channel);
    EXPECT_EQ((*a)->call("/s", {}, second, nullptr, {.channel = channel}).result,
              SendResult::no_such_channel);
    EXPECT_EQ((*a)->call(id("b"), "/s", {}, second, nullptr, channel).result,
              SendResult::no_such_channel);
  }
  EXPECT_TRUE(buffer);
  talk(10, [](int) {});
}

}  // namespace
}  // namespace muster::test
