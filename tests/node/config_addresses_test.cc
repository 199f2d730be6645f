// Addresses in configurations, of both families.
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "node/address.h"
#include "node/member_config.h"
#include "tests/node/config_text.h"

namespace muster {
namespace {

using test::mistake;
using test::right;

/// A configuration whose own address is of IPv6.
NodeConfig of_ipv6() {
  NodeConfig config = right();
  config.transport = TransportKind::socket;
  config.address = "fd77::1/64";
  return config;
}

TEST(ConfigAddresses, RefusesAddressesThatNoMemberCanHave) {
  NodeConfig config = right();
  for (const char* address : {"10.77.0.1", "10.77.0.256/24", "10.77.0/24", "10.77.0.1/33", "a/8"}) {
    config.address = address;
    EXPECT_EQ(
        mistake(config),
        "address: \"" + config.address +
            "\" is not an address with its network: give one like 10.77.0.1/24 or fd77::1/64");
  }
  config.address = "10.77.0.0/24";
  EXPECT_EQ(mistake(config), "address: 10.77.0.0/24 is the number of its network: give another");
  config.address = "10.77.0.255/24";
  EXPECT_EQ(mistake(config),
            "address: 10.77.0.255/24 is the broadcast address of its network: give another");
  config.address = "239.1.1.1/24";
  EXPECT_EQ(mistake(config),
            "address: 239.1.1.1/24 cannot be a member's own: give a unicast address");
}

TEST(ConfigAddresses, RefusesAGatewayThatIsNotThere) {
  NodeConfig config = right();
  config.gateway = "10.77.0.254";
  EXPECT_TRUE(find_mistakes(config).empty());
  config.gateway = "router";
  EXPECT_EQ(mistake(config), "gateway: \"router\" is not an address: give one like 10.77.0.254");
  config.gateway = "10.77.0.1";
  EXPECT_EQ(mistake(config), "gateway: 10.77.0.1 is this member's own: give the router's address");
  config.gateway = "10.78.0.254";
  EXPECT_EQ(mistake(config),
            "gateway: 10.78.0.254 is not in the network of address 10.77.0.1/24: give the router's "
            "address there");
}

TEST(ConfigAddresses, RefusesGroupsOfRouters) {
  NodeConfig config = right();
  config.group = "224.0.0.5";
  EXPECT_EQ(mistake(config),
            "group: 224.0.0.5 is reserved: give one from 224.0.1.0 to 239.255.255.255");
}

TEST(ConfigAddresses, TakesAddressesOfIpv6) {
  NodeConfig config = of_ipv6();
  config.seeds = {"[fd77::2]:7777", "[fe80::2]:7777"};
  config.gateway = "fe80::ff";
  for (const char* address :
       {"fd77::1/64", "::1/128", "fd77::/127", "fe80::1%eth0/64", "fe80::1%eth0"})
    for (const char* group : {"", "ff12::4d:1", "ff15::7"}) {
      config.address = address;
      config.group = group;
      EXPECT_TRUE(find_mistakes(config).empty()) << address << ' ' << mistake(config);
    }
}

TEST(ConfigAddresses, RefusesAddressesOfIpv6ThatNoMemberCanHave) {
  NodeConfig config = of_ipv6();
  for (const char* address : {"fd77::1", "fd77::1/129", "fd77::g/64", "fd77::1%/64",
                              "10.77.0.1%eth0/24", "::ffff:10.77.0.1/120"}) {
    config.address = address;
    EXPECT_EQ(mistake(config), "address: \"" + config.address +
                                   "\" is not an address with its network: give one like "
                                   "10.77.0.1/24 or fd77::1/64");
  }
  const std::pair<const char*, const char*> rows[] = {
      {"fd77::/64", "fd77::/64 is the routers' address of its network: give another"},
      {"ff12::1/64", "ff12::1/64 cannot be a member's own: give a unicast address"},
      {"::/64", "::/64 cannot be a member's own: give a unicast address"},
      {"fe80::1/64", "fe80::1/64 is on every segment: say on which interface, as in fe80::1%eth0"}};
  for (const auto& [address, sentence] : rows) {
    config.address = address;
    EXPECT_EQ(mistake(config), std::string("address: ") + sentence);
  }
}

TEST(ConfigAddresses, RefusesAddressesOfTheOtherFamily) {
  NodeConfig four = right();
  NodeConfig six = of_ipv6();
  const auto refused = [](NodeConfig config, std::string NodeConfig::* field, const char* other) {
    config.*field = other;
    return mistake(config);
  };
  const std::string is_six =
      " is not of IPv4, as address 10.77.0.1/24 is: give one of the same family";
  const std::string is_four =
      " is not of IPv6, as address fd77::1/64 is: give one of the same family";
  EXPECT_EQ(refused(four, &NodeConfig::group, "ff12::4d:1"), "group: ff12::4d:1" + is_six);
  EXPECT_EQ(refused(four, &NodeConfig::gateway, "fd77::ff"), "gateway: fd77::ff" + is_six);
  EXPECT_EQ(refused(six, &NodeConfig::group, "239.77.0.1"), "group: 239.77.0.1" + is_four);
  EXPECT_EQ(refused(six, &NodeConfig::gateway, "10.77.0.254"), "gateway: 10.77.0.254" + is_four);
  four.seeds = {"10.77.0.2:7777", "[fd77::2]:7777"};
  six.seeds = {"[fd77::2]:7777", "10.77.0.2:7777"};
  EXPECT_EQ(mistake(four), "seeds: [fd77::2]:7777" + is_six);
  EXPECT_EQ(mistake(six), "seeds: 10.77.0.2:7777" + is_four);
}

TEST(ConfigAddresses, NeedsTwentyBytesMoreOfTheMtuOverIpv6) {
  NodeConfig four = right();
  NodeConfig six = of_ipv6();
  four.mtu = 1460;
  six.mtu = 1480;
  EXPECT_TRUE(find_mistakes(four).empty());
  EXPECT_TRUE(find_mistakes(six).empty());
  six.mtu = 1479;
  EXPECT_EQ(mistake(six),
            "mtu: 1479 is too little over IPv6, whose headers are longer: give 1480 at least");
}

TEST(ConfigAddresses, RefusesGroupsOfIpv6ThatAreReservedOrStayOnTheirInterface) {
  NodeConfig config = of_ipv6();
  for (const char* group : {"ff02::1", "ff05::2", "ff11::7", "ff10::7"}) {
    config.group = group;
    EXPECT_EQ(mistake(config),
              "group: " + config.group + " is reserved: give one of ff12::/16, or of ff15::/16");
  }
  config.group = "fd77::7";
  EXPECT_EQ(mistake(config),
            "group: fd77::7 is not a multicast address: give one of ff12::/16, or of ff15::/16");
}

TEST(ConfigAddresses, HasAGroupForEachFamily) {
  NodeConfig config = right();
  EXPECT_EQ(to_string(group_endpoint(config)), "239.77.0.1:7777");
  config.address = "fd77::1/64";
  EXPECT_EQ(to_string(group_endpoint(config)), "[ff12::4d:1]:7777");
  config.group = "ff15::7";
  EXPECT_EQ(to_string(group_endpoint(config)), "[ff15::7]:7777");
}

TEST(ConfigAddresses, KnowsWhatIsInANetwork) {
  const auto holds = [](std::string_view network, std::string_view address) {
    return parse_network(network).value().contains(parse_address(address).value());
  };
  EXPECT_TRUE(holds("10.77.0.1/24", "10.77.0.255"));
  EXPECT_FALSE(holds("10.77.0.1/24", "10.77.1.0"));
  EXPECT_TRUE(holds("10.77.0.1/0", "255.0.0.1"));
  EXPECT_FALSE(holds("10.77.0.1/32", "10.77.0.0"));
  EXPECT_TRUE(holds("fd77::1/64", "fd77::ffff:0:0:1"));
  EXPECT_FALSE(holds("fd77::1/64", "fd77:0:0:1::1"));
  EXPECT_TRUE(holds("fd77::1/48", "fd77:0:0:1::1"));
  EXPECT_FALSE(holds("fd77::1/127", "fd77::2"));
  EXPECT_TRUE(holds("fd77::1/0", "ff12::1"));
}

}  // namespace
}  // namespace muster
