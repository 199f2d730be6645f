// A member with two queues: what comes by the second is its as well.
#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dpdk_transport/dpdk_transport.h"
#include "tests/dpdk_transport/framed.h"
#include "tests/dpdk_transport/queue_frames.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;
using namespace testing;  // NOLINT(google-build-using-namespace): made for these tests

/// A member with two queues, seen from the wire, which chooses by which its frames come.
class TwoQueues : public ::testing::Test {
 protected:
  void SetUp() override { plug_in(untagged); }
  void plug_in(std::uint16_t vlan, DurationNs neighbour_doubt_ns = 5'000'000'000,
               std::uint16_t queues = 2) {
    start_eal(testing::eal);
    queues_.clear();
    wire_.reset();
    pool_ = std::make_unique<FramePool>(2048);
    wire_ = std::make_unique<RawPort>(
        RawPortConfig{.device = memif("server", folder_ / "s", 0, 0), .queues = queues}, *pool_);
    queues_ = DpdkTransport::open({.eal = testing::eal,
                                   .device = memif("client", folder_ / "s", 0, 1),
                                   .self = golden::self_endpoint,
                                   .group = golden::group,
                                   .vlan = vlan,
                                   .pool_packets = 1024,
                                   .queues = queues,
                                   .udp_checksum = UdpChecksum::always,
                                   .neighbour_doubt_ns = neighbour_doubt_ns});
    ASSERT_EQ(queues_.size(), queues);
    ASSERT_TRUE(eventually([&] { return wire_->link_up() && queues_[0]->link_up(); }));
    EXPECT_TRUE(queues_[1]->link_up()) << "as the first has found it";
    for (const auto& queue : queues_) EXPECT_EQ(queue->receive({}), 0U);
    for (int i = 0; i < 3; ++i) heard(*wire_, 0);  // the announcements
  }

  /// Without the thread of any queue.
  void put(const Bytes& frame, std::uint16_t queue) {
    std::array<Frame*, 1> burst = {frame_of(*pool_, frame)};
    ASSERT_EQ(wire_->send(burst, queue), 1U);
  }
  /// A cycle of a queue's thread.
  std::size_t serve(std::size_t queue) {
    std::array<Packet*, 32> packets{};
    const std::size_t count = queues_[queue]->receive(packets);
    for (std::size_t i = 0; i < count; ++i) queues_[queue]->release(*packets[i]);
    queues_[queue]->flush();
    return count;
  }
  /// So many new senders that the other takes no more news of them.
  void flood(std::uint16_t queue) {
    for (std::uint32_t i = 1; i <= QueueRings::capacity; ++i) {
      put(from(stranger(i)), queue);
      serve(queue);
    }
  }
  /// Each hears what the other has to say.
  void serve_all() {
    for (const std::size_t queue : {1U, 0U, 1U}) serve(queue);
  }
  void transmit(std::size_t queue, std::string_view text,
                const Endpoint& peer = golden::neighbour_endpoint) {
    Packet* packet = queues_[queue]->allocate();
    std::ranges::copy(std::as_bytes(std::span(text)), packet->data);
    packet->size = static_cast<std::uint32_t>(text.size());
    packet->peer = peer;
    queues_[queue]->transmit(*packet);
    queues_[queue]->flush();
  }
  static Bytes from(const Endpoint& peer, const MacAddress& mac = golden::neighbour.mac) {
    return framed(UdpFramer(peer, mac, {}), Bytes(1), golden::self.mac, golden::self_endpoint);
  }
  /// Of the neighbour, who has that Ethernet address.
  static Bytes datagram(const MacAddress& mac) { return from(golden::neighbour_endpoint, mac); }
  static Endpoint stranger(std::uint32_t number) {
    return {golden::neighbour.address.v4() + number, 7777};
  }
  static MacAddress destination_of(Bytes frame) {
    return frame.empty() ? MacAddress{}
                         : header_at<EthernetHeader>(std::span(frame), 0).destination;
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<FramePool> pool_;
  std::unique_ptr<RawPort> wire_;
  std::vector<std::unique_ptr<DpdkTransport>> queues_;
};

TEST_F(TwoQueues, BothReceiveAndSend) {
  for (const std::uint16_t queue : {first, second}) {
    put(datagram(golden::neighbour.mac), queue);
    EXPECT_EQ(serve(queue), 1U);
    transmit(queue, "muster");
    EXPECT_EQ(heard(*wire_, queue), golden::unicast);
    EXPECT_EQ(queues_[queue]->stats().received, 1U);
  }
}

TEST_F(TwoQueues, TheFirstAnswersWhatTheOtherIsAsked) {
  for (const auto& [question, answer] : {std::pair(golden::arp_request, golden::arp_reply),
                                         std::pair(golden::echo_request, golden::echo_reply)}) {
    put(question, 1);
    serve(1);
    serve(0);
    EXPECT_EQ(queues_[0]->received_besides(), 1U) << "work, though it came by the other";
    EXPECT_EQ(heard(*wire_, 0), answer);
  }
  put(golden::group_query, 1);
  serve_all();
  EXPECT_EQ(heard(*wire_, 0), golden::group_report);
  EXPECT_EQ(queues_[0]->stats().neighbours_answered, 1U);
  EXPECT_EQ(queues_[0]->stats().echo_answered, 1U);
  EXPECT_EQ(queues_[1]->stats().sent, 0U);
}

/// What was handed over has lost its tag already.
TEST_F(TwoQueues, TheFirstAnswersInTheVlan) {
  plug_in(7);
  put(golden::tagged(golden::arp_request, 7), second);
  serve_all();
  EXPECT_EQ(heard(*wire_, first), golden::tagged(golden::arp_reply, 7));
}

TEST_F(TwoQueues, EachLearnsWhatTheOtherHasHeard) {
  const std::array<MacAddress, 4> macs = {
      {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}, {2, 0, 0, 0, 0, 4}}};
  // A new station, and then one that moves, each time heard by another queue.
  for (std::size_t i = 0; i < macs.size(); ++i) {
    const auto hears = static_cast<std::uint16_t>(i % 2);
    put(datagram(macs[i]), hears);
    serve_all();
    for (const std::uint16_t queue : {first, second}) {
      transmit(queue, "where are you");
      EXPECT_EQ(destination_of(heard(*wire_, queue)), macs[i]) << "queue " << queue << " of " << i;
    }
  }
  for (const auto& queue : queues_) EXPECT_EQ(queue->stats().unresolved, 0U);
}

TEST_F(TwoQueues, TheOtherAsksAndHearsTheAnswerWhereverItComes) {
  transmit(1, "lost");
  EXPECT_EQ(queues_[1]->stats().unresolved, 1U);
  Bytes request(arp_frame_bytes);
  write_arp_request(request, golden::self, golden::neighbour.address.v4());
  EXPECT_EQ(heard(*wire_, 1), request);
  make_arp_reply(request, golden::neighbour);
  put(request, 0);
  serve_all();
  transmit(1, "muster");
  EXPECT_EQ(heard(*wire_, 1), golden::unicast);
}

/// The second is not served for long, and takes no more news. It finds out by itself.
TEST_F(TwoQueues, TheOtherFindsOutWhatItWasNotTold) {
  plug_in(untagged, 50'000'000);
  const MacAddress moved = {2, 0, 0, 0, 0, 9};
  put(datagram(golden::neighbour.mac), first);
  serve_all();
  flood(first);
  put(datagram(moved), first);
  serve(0);
  EXPECT_GT(queues_[0]->stats().ring_full, 0U);

  Bytes request(arp_frame_bytes);
  write_arp_request(request, golden::self, golden::neighbour.address.v4());
  ASSERT_TRUE(eventually([&] {
    serve(1);
    return next(*wire_, second) == request;
  }));
  make_arp_reply(request, {.address = golden::neighbour.address, .mac = moved});
  put(request, first);
  serve_all();
  while (!next(*wire_, second).empty()) {
  }
  transmit(1, "where are you");
  EXPECT_EQ(destination_of(heard(*wire_, second)), moved);
}

/// Else whoever floods the second with senders could keep the first from answering.
TEST_F(TwoQueues, QuestionsAreNotBehindNews) {
  flood(second);
  put(golden::arp_request, second);
  serve(1);
  serve(0);
  EXPECT_EQ(heard(*wire_, first), golden::arp_reply);
}

/// The others go on, what came to it waits for it, and what it was not told is counted.
TEST_F(TwoQueues, OfThreeOneMayBeLate) {
  constexpr std::uint32_t third = 2, lost = 10, told = QueueRings::capacity;
  plug_in(untagged, 5'000'000'000, 3);
  put(golden::arp_request, third);
  put(datagram(golden::neighbour.mac), third);
  for (std::uint32_t i = 1; i <= told + lost; ++i) {
    put(from(stranger(i)), first);
    EXPECT_EQ(serve(first), 1U);
    serve(second);
  }
  EXPECT_EQ(queues_[first]->stats().ring_full, lost) << "for the third alone";
  const auto unresolved = [&](std::size_t queue, std::uint32_t number) {
    const std::uint64_t before = queues_[queue]->stats().unresolved;
    transmit(queue, "x", stranger(number));
    return queues_[queue]->stats().unresolved > before;
  };
  EXPECT_FALSE(unresolved(second, told + lost));

  EXPECT_EQ(serve(third), 1U) << "the datagram";
  for (std::uint32_t heard = 0; heard < told; heard += 32) serve(third);
  EXPECT_FALSE(unresolved(third, 1));
  EXPECT_FALSE(unresolved(third, told));
  EXPECT_TRUE(unresolved(third, told + 1));
  serve(first);
  EXPECT_EQ(heard(*wire_, first), golden::arp_reply);
}

TEST_F(TwoQueues, GiveAllFramesBack) {
  for (int i = 0; i < 50; ++i) {
    put(golden::arp_request, 1);
    put(datagram({2, 0, 0, 0, 0, static_cast<unsigned char>(i)}), 1);
    serve(1);  // and the first never comes round
  }
  EXPECT_GT(queues_[0]->packets_in_use(), 0U);
  for (int i = 0; i < 10; ++i) serve_all();
  while (!heard(*wire_, 0).empty() && queues_[0]->stats().neighbours_answered < 50) serve_all();
  EXPECT_EQ(queues_[0]->packets_in_use(), 0U);
}

}  // namespace
}  // namespace muster::dpdk
