// Addresses of both families: how they are written, and what they are.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/types.h"

namespace muster {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = parse_address(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress{});
}

TEST(IpAddress, IsWrittenInOneWayHoweverItIsRead) {
  struct {
    const char* read;
    const char* written;
  } const rows[] = {
      {"10.77.0.1", "10.77.0.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"FD77::0001", "fd77::1"},
      {"fd77:0:0:1::", "fd77:0:0:1::"},
      // RFC 5952, 4.2: the longest run of zeros, the first of two, and never a single one.
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"fe80::fc:ff:fe00:1", "fe80::fc:ff:fe00:1"},
      {"ff12::4d:1", "ff12::4d:1"},
      {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
  };
  for (const auto& row : rows) EXPECT_EQ(to_string(ip(row.read)), row.written) << row.read;
}

TEST(IpAddress, IsNotReadFromAnythingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      "10.77.0"sv,
                                      "10.77.0.256"sv,
                                      "10.77.0.1.1"sv,
                                      "010.77.0.1"sv,
                                      " 10.77.0.1"sv,
                                      "10.77.0.1 "sv,
                                      "10.77.0.1\0"sv,
                                      "10.77.0.1\0x"sv,
                                      ":"sv,
                                      ":::"sv,
                                      "fd77"sv,
                                      "fd77::1::2"sv,
                                      "fd77::12345"sv,
                                      "1:2:3:4:5:6:7:8:9"sv,
                                      "1:2:3:4:5:6:7"sv,
                                      "[fd77::1]"sv,
                                      "fe80::1%eth0"sv,
                                      "fd77::1/64"sv,
                                      "::ffff:10.77.0.1"sv,
                                      "::ffff:a4d:1"sv})
    EXPECT_FALSE(parse_address(text)) << text;
}

TEST(IpAddress, OfIpv4IsAMappedOne) {
  constexpr IpAddress address(0x0a4d0001);
  static_assert(address.is_v4() && address.v4() == 0x0a4d0001 && address.bits() == 32);
  EXPECT_EQ(address, ip("10.77.0.1"));
  const IpAddress::Bytes bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0x0a, 0x4d, 0, 1};
  EXPECT_EQ(address.bytes(), bytes);
  EXPECT_EQ(IpAddress(bytes), address);
  EXPECT_FALSE(ip("::a4d:1").is_v4()) << "compatible, not mapped";
}

TEST(IpAddress, GoesToBytesAndBack) {
  const IpAddress address = ip("102:304:506:708:90a:b0c:d0e:f10");
  for (std::uint8_t i = 0; i < 16; ++i) EXPECT_EQ(address.bytes()[i], i + 1);
  EXPECT_EQ(IpAddress(address.bytes()), address);
}

TEST(IpAddress, IsOrderedAsItsBytesAre) {
  std::vector<IpAddress> addresses;
  for (const char* text : {"ff12::1", "fd77::2", "10.77.0.2", "::", "fd77::1", "10.77.0.1", "::1",
                           "fd77:0:0:1::", "239.77.0.1"})
    addresses.push_back(ip(text));
  std::ranges::sort(addresses);
  EXPECT_TRUE(std::ranges::is_sorted(addresses, {}, &IpAddress::bytes));
  EXPECT_EQ(to_string(addresses.front()), "::");
  EXPECT_EQ(to_string(addresses.back()), "ff12::1");
}

TEST(IpAddress, KnowsWhatItIs) {
  struct {
    const char* text;
    bool unspecified, multicast, loopback, link_local, host;
  } const rows[] = {
      {"0.0.0.0", true, false, false, false, false},
      {"10.77.0.1", false, false, false, false, true},
      {"127.0.0.2", false, false, true, false, true},
      {"223.255.255.255", false, false, false, false, true},
      {"224.0.0.1", false, true, false, false, false},
      {"239.255.255.255", false, true, false, false, false},
      {"240.0.0.1", false, false, false, false, false},
      {"255.255.255.255", false, false, false, false, false},
      {"::", true, false, false, false, false},
      {"::1", false, false, true, false, true},
      {"::2", false, false, false, false, true},
      {"::e000:1", false, false, false, false, true},
      {"fd77::1", false, false, false, false, true},
      {"fe80::1", false, false, false, true, true},
      {"febf:ffff::1", false, false, false, true, true},
      {"fec0::1", false, false, false, false, true},
      {"ff02::1", false, true, false, false, false},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    const IpAddress address = ip(row.text);
    EXPECT_EQ(address.is_unspecified(), row.unspecified);
    EXPECT_EQ(address.is_multicast(), row.multicast);
    EXPECT_EQ(address.is_loopback(), row.loopback);
    EXPECT_EQ(address.is_link_local(), row.link_local);
    EXPECT_EQ(may_be_a_host({address, 7777}), row.host);
    EXPECT_FALSE(may_be_a_host({address, 0}));
  }
}

TEST(Endpoint, IsWrittenWithItsPort) {
  EXPECT_EQ(to_string(Endpoint{ip("10.77.0.1"), 7777}), "10.77.0.1:7777");
  EXPECT_EQ(to_string(Endpoint{ip("fd77::1"), 7777}), "[fd77::1]:7777");
}

TEST(Endpoint, IsOrderedByAddressAndThenByPort) {
  EXPECT_LT((Endpoint{ip("10.77.0.1"), 9}), (Endpoint{ip("10.77.0.2"), 1}));
  EXPECT_LT((Endpoint{ip("10.77.0.2"), 1}), (Endpoint{ip("10.77.0.2"), 2}));
  EXPECT_LT((Endpoint{ip("10.77.0.2"), 9}), (Endpoint{ip("fd77::1"), 1}));
}

}  // namespace
}  // namespace muster
