#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <net/if.h>

#include "tests/socket_transport/support.h"

namespace muster::test {
namespace {

bool has(const std::string& sentence, const std::string& words) {
  return sentence.find(words) != std::string::npos;
}

TEST(SocketTransportStart, NamesAnAddressThatIsNotOnThisMachine) {
  SocketTransportConfig config = member_config(1);
  config.self.address = 0xc0000201;  // TEST-NET-1
  const std::string sentence = sentence_of(config);
  EXPECT_TRUE(has(sentence, "192.0.2.1")) << sentence;
  EXPECT_TRUE(has(sentence, "ip -4 address")) << sentence;
}

TEST(SocketTransportStart, NamesAPortThatIsInUse) {
  const SocketTransport first(member_config(1));
  const std::string sentence = sentence_of(member_config(1));
  EXPECT_TRUE(has(sentence, to_string(loopback(1)))) << sentence;
  EXPECT_TRUE(has(sentence, "choose another port")) << sentence;
}

TEST(SocketTransportStart, WantsAnAddressAndAPort) {
  SocketTransportConfig config = member_config(1);
  config.self.port = 0;
  const std::string sentence = sentence_of(config);
  EXPECT_TRUE(has(sentence, "127.0.0.1:0")) << sentence;
}

TEST(SocketTransportStart, RefusesAGroupThatIsNotMulticast) {
  SocketTransportConfig config = member_config(1);
  config.group.address = 0x0a000001;
  const std::string sentence = sentence_of(config);
  EXPECT_TRUE(has(sentence, "10.0.0.1")) << sentence;
  EXPECT_TRUE(has(sentence, "239.255.255.255")) << sentence;
}

TEST(SocketTransportStart, RefusesAPoolTooSmallToReceiveInto) {
  SocketTransportConfig config = member_config(1);
  config.pool_packets = 8;
  const std::string sentence = sentence_of(config);
  EXPECT_TRUE(has(sentence, "pool of 8 packets")) << sentence;
  EXPECT_TRUE(has(sentence, "choose from 64")) << sentence;
}

TEST(SocketTransportStart, NamesAnInterfaceWithoutMulticast) {
  const socket::Interface tunnel{.name = "tun0", .flags = IFF_UP | IFF_RUNNING};
  const std::string sentence =
      sentence_of([&] { check_multicast(tunnel, test_group(), 0x0a000001); });
  EXPECT_TRUE(has(sentence, "tun0 (10.0.0.1)")) << sentence;
  EXPECT_TRUE(has(sentence, "ip link set tun0 multicast on")) << sentence;
}

TEST(SocketTransportStart, NamesAnInterfaceThatIsDown) {
  const socket::Interface down{.name = "eth1", .flags = IFF_MULTICAST};
  const std::string sentence =
      sentence_of([&] { check_multicast(down, test_group(), 0x0a000001); });
  EXPECT_TRUE(has(sentence, "ip link set eth1 up")) << sentence;
}

TEST(SocketTransportStart, LeavesThePortFreeAfterAFailure) {
  SocketTransportConfig config = member_config(1);
  config.group.address = 0x0a000001;
  EXPECT_NE(sentence_of(config), "no error");
  EXPECT_EQ(sentence_of(member_config(1)), "no error");
}

}  // namespace
}  // namespace muster::test
