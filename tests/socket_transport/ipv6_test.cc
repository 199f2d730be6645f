// Members on ::1, told apart by their ports. No loopback has multicast of IPv6:
// tests/e2e/ipv6_test.cc has a segment that does.
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/socket_transport/support.h"

namespace muster::test {
namespace {

constexpr IpAddress loopback6(0, 1);
constexpr IpAddress nowhere(0x2001'0db8'0000'0000, 1);
constexpr IpAddress link_local(0xfe80'0000'0000'0000, 0xfeed);

SocketTransportConfig on_ipv6(std::uint16_t member) {
  return {.self = {loopback6, static_cast<std::uint16_t>(test_port() + member)},
          .group = {IpAddress(0xff12'0000'0000'0000, 0x4d'0001), test_port()},
          .multicast = false,
          .pool_packets = 256,
          .busy_poll_us = {}};
}

TEST(SocketTransportsOfIpv6, PassUnicastBothWays) {
  SocketTransport one(on_ipv6(1));
  SocketTransport two(on_ipv6(2));
  send(one, two.self(), "ping");
  const auto request = receive(two, 1);
  ASSERT_EQ(request.size(), 1u);
  EXPECT_EQ(text_of(*request[0]), "ping");
  EXPECT_EQ(request[0]->peer, one.self());
  write(*request[0], "pong");
  two.transmit(*request[0]);
  two.flush();
  const auto answer = receive(one, 1);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_EQ(text_of(*answer[0]), "pong");
}

TEST(SocketTransportsOfIpv6, HavePacketsThatFitAnEthernetFrame) {
  SocketTransport one(on_ipv6(1));
  SocketTransport two(on_ipv6(2));
  EXPECT_EQ(one.payload_bytes_max(), 1452u);
  const std::string full(one.payload_bytes_max(), 'x');
  send(one, two.self(), full);
  const auto packets = receive(two, 1);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(text_of(*packets[0]), full);
}

TEST(SocketTransportsOfIpv6, SendNothingToTheOtherFamily) {
  SocketTransport six(on_ipv6(1));
  SocketTransport four(member_config(1));
  send(six, four.self(), "lost");
  send(four, six.self(), "lost");
  EXPECT_EQ(six.stats().send_errors, 1u);
  EXPECT_EQ(four.stats().send_errors, 1u);
  EXPECT_TRUE(receive(six, 1).empty() && receive(four, 1).empty());
}

TEST(SocketTransportsOfIpv6, NameAnAddressThatIsNotOnThisMachine) {
  SocketTransportConfig config = on_ipv6(1);
  config.self.address = nowhere;
  EXPECT_EQ(sentence_of(config),
            "no interface of this machine has the address 2001:db8::1: use one that "
            "`ip -6 address` shows");
}

TEST(SocketTransportsOfIpv6, NameAnInterfaceThatHasNotTheAddress) {
  SocketTransportConfig config = on_ipv6(1);
  config.self.address = link_local;
  config.interface = "lo";
  EXPECT_EQ(sentence_of(config),
            "no interface of this machine named lo has the address fe80::feed: use one that "
            "`ip -6 address` shows");
}

TEST(SocketTransportsOfIpv6, RefuseAGroupOfTheOtherFamily) {
  SocketTransportConfig config = on_ipv6(1);
  config.multicast = true;
  config.group = test_group();
  EXPECT_EQ(sentence_of(config), to_string(test_group()) +
                                     " is not a multicast group of IPv6: choose one of ff00::/8, "
                                     "such as ff12::4d:1");
  config = member_config(1);
  config.group = on_ipv6(1).group;
  EXPECT_NE(sentence_of(config).find("is not a multicast group of IPv4"), std::string::npos);
}

}  // namespace
}  // namespace muster::test
