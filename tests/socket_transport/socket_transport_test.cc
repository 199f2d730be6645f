#include "socket_transport/socket_transport.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/socket_transport/support.h"

namespace muster::test {
namespace {

class SocketTransports : public testing::Test {
 protected:
  SocketTransport one_{member_config(1)};
  SocketTransport two_{member_config(2)};
};

TEST_F(SocketTransports, PassUnicastWithTheAddressOfTheSender) {
  send(one_, two_.self(), "hello");
  const auto packets = receive(two_, 1);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(text_of(*packets[0]), "hello");
  EXPECT_EQ(packets[0]->peer, one_.self());
  two_.release(*packets[0]);
}

TEST_F(SocketTransports, AnswerToTheAddressThatAPacketCameFrom) {
  send(one_, two_.self(), "ping");
  const auto request = receive(two_, 1);
  ASSERT_EQ(request.size(), 1u);
  write(*request[0], "pong");
  two_.transmit(*request[0]);
  two_.flush();
  const auto answer = receive(one_, 1);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(text_of(*answer[0]), "pong");
}

TEST_F(SocketTransports, PassMulticastToEveryOtherMember) {
  SocketTransport three{member_config(3)};
  send(one_, test_group(), "to all");
  for (SocketTransport* member : {&two_, &three}) {
    const auto packets = receive(*member, 1);
    ASSERT_EQ(packets.size(), 1u);
    EXPECT_EQ(text_of(*packets[0]), "to all");
    EXPECT_EQ(packets[0]->peer, one_.self());
  }
}

TEST_F(SocketTransports, DoNotHearTheirOwnMulticast) {
  send(one_, test_group(), "to all");
  EXPECT_TRUE(receive(one_, 1).empty());
  EXPECT_EQ(one_.stats().own, 1u);
}

TEST_F(SocketTransports, KeepTheOrderOfABurst) {
  constexpr int count = 100;
  for (int i = 0; i < count; ++i) {
    Packet* packet = one_.allocate();
    write(*packet, std::to_string(i));
    packet->peer = two_.self();
    one_.transmit(*packet);
  }
  one_.flush();
  const auto packets = receive(two_, count);
  ASSERT_EQ(packets.size(), std::size_t{count});
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(text_of(*packets[static_cast<std::size_t>(i)]), std::to_string(i));
    two_.release(*packets[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(one_.stats().sent, std::uint64_t{count});
  EXPECT_EQ(two_.stats().received, std::uint64_t{count});
}

TEST_F(SocketTransports, TransmitAKeptPacketAgainAndElsewhere) {
  SocketTransport three{member_config(3)};
  Packet* packet = one_.allocate();
  write(*packet, "again");
  one_.retain(*packet);
  packet->peer = two_.self();
  one_.transmit(*packet);
  packet->peer = three.self();
  one_.transmit(*packet);
  one_.flush();
  for (SocketTransport* member : {&two_, &three}) {
    const auto packets = receive(*member, 1);
    ASSERT_EQ(packets.size(), 1u);
    EXPECT_EQ(text_of(*packets[0]), "again");
  }
}

TEST_F(SocketTransports, GiveEveryPacketBackToThePool) {
  constexpr int rounds = 2'000;
  for (int i = 0; i < rounds; ++i) {
    send(one_, two_.self(), "unicast");
    send(one_, test_group(), "multicast");
    std::array<Packet*, 8> burst;
    const std::size_t count = two_.receive(burst);
    for (std::size_t k = 0; k < count; ++k) two_.release(*burst[k]);
  }
  EXPECT_EQ(one_.stats().exhausted, 0u);
  EXPECT_EQ(two_.stats().exhausted, 0u);
}

TEST_F(SocketTransports, SayThatThePoolIsEmptyAndRecover) {
  std::vector<Packet*> held;
  while (Packet* packet = two_.allocate()) held.push_back(packet);
  EXPECT_EQ(held.size(), 256u);
  EXPECT_EQ(two_.stats().exhausted, 1u);

  send(one_, two_.self(), "waits in the kernel");
  EXPECT_TRUE(receive(two_, 1).empty());
  EXPECT_GT(two_.stats().exhausted, 1u);

  for (Packet* packet : held) two_.release(*packet);
  const auto packets = receive(two_, 1);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(text_of(*packets[0]), "waits in the kernel");
}

TEST_F(SocketTransports, CarryAPacketThatIsFullToTheLastByte) {
  const std::string full(one_.payload_bytes_max(), 'x');
  send(one_, two_.self(), full);
  const auto packets = receive(two_, 1);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(text_of(*packets[0]), full);
}

TEST_F(SocketTransports, CarryPacketsAsLongAsTheirMtuAndDropLongerOnes) {
  SocketTransportConfig config = member_config(3);
  config.mtu = 9000;
  SocketTransport three{config};
  config.self = loopback(4);
  SocketTransport four{config};
  const std::string full(8972, 'x');
  EXPECT_EQ(three.payload_bytes_max(), full.size());
  for (SocketTransport* to : {&four, &one_}) send(three, to->self(), full);
  const auto packets = receive(four, 1);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(text_of(*packets[0]), full);
  EXPECT_TRUE(receive(one_, 1).empty());
  EXPECT_EQ(one_.stats().truncated, 1u);
}

TEST_F(SocketTransports, DropAndCountAnOutgoingPacketThatIsTooLong) {
  Packet* packet = one_.allocate();
  packet->size = packet->capacity + 1;
  packet->peer = two_.self();
  one_.transmit(*packet);
  one_.flush();
  EXPECT_EQ(one_.stats().oversize, 1u);
  EXPECT_EQ(one_.stats().sent, 0u);
}

TEST_F(SocketTransports, DropAndCountADatagramLongerThanAPacket) {
  const socket::Socket stranger = socket::open_unicast(loopback(9), {}, {});
  const std::string longer(two_.payload_bytes_max() + 1, 'x');
  const socket::SocketAddress to = socket::to_kernel(two_.self(), 0);
  ASSERT_EQ(sendto(stranger.fd(), longer.data(), longer.size(), 0, &to.any, sizeof to),
            static_cast<ssize_t>(longer.size()));
  send(one_, two_.self(), "behind it");
  const auto packets = receive(two_, 1);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(text_of(*packets[0]), "behind it");
  EXPECT_EQ(two_.stats().truncated, 1u);
}

TEST_F(SocketTransports, SayHowManyDatagramsTheyHaveReadAndDropped) {
  std::array<Packet*, 4> packets{};
  one_.receive(packets);
  EXPECT_EQ(one_.received_besides(), 0u);
  send(one_, one_.self(), "its own");
  std::size_t besides = 0;
  for (int look = 0; look < 1000 && besides == 0; ++look) {
    EXPECT_EQ(one_.receive(packets), 0u);
    besides = one_.received_besides();
  }
  EXPECT_EQ(besides, 1u);
  one_.receive(packets);
  EXPECT_EQ(one_.received_besides(), 0u);
}

TEST_F(SocketTransports, CountWhatAFullSocketBufferDropped) {
  const std::string full(one_.payload_bytes_max(), 'x');
  for (int i = 0; i < 20'000 && two_.stats().receive_full == 0; ++i) send(one_, two_.self(), full);
  EXPECT_GT(two_.stats().receive_full, 0u);
}

// The limited broadcast needs a socket option that a member does not have.
TEST_F(SocketTransports, CountWhatTheKernelRefusesAndSendTheRestOfTheBurst) {
  for (const Endpoint& to : {Endpoint{.address = 0xffffffff, .port = 9}, two_.self()}) {
    Packet* packet = one_.allocate();
    write(*packet, "burst");
    packet->peer = to;
    one_.transmit(*packet);
  }
  one_.flush();
  EXPECT_EQ(one_.stats().send_errors, 1u);
  EXPECT_EQ(receive(two_, 1).size(), 1u);
}

TEST_F(SocketTransports, HaveALinkWhileTheInterfaceIsUp) { EXPECT_TRUE(one_.link_up()); }

}  // namespace
}  // namespace muster::test
