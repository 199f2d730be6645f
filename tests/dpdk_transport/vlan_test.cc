// Tags of VLANs, on and off a frame, and in front of our datagrams.
#include "dpdk_transport/vlan.h"

#include <gtest/gtest.h>

#include "tests/dpdk_transport/framed.h"
#include "tests/dpdk_transport/golden6.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;
using golden::tagged;

Bytes behind_the_tag(const Bytes& frame) { return {frame.begin() + sizeof(VlanTag), frame.end()}; }

TEST(VlanTags, ComeOffAndSayTheirVlan) {
  const std::pair<unsigned, unsigned> vlans[] = {{7, 7}, {0xf007, 7}, {4094, 4094}, {0xe000, 0}};
  for (const auto& [control, vlan] : vlans) {
    Bytes frame = tagged(golden::unicast, static_cast<std::uint16_t>(control));
    EXPECT_TRUE(is_tagged(frame));
    EXPECT_EQ(take_tag_off(frame), vlan);
    EXPECT_EQ(behind_the_tag(frame), golden::unicast);
  }
  EXPECT_FALSE(is_tagged(golden::unicast));
}

TEST(VlanTags, GoOnWithTheLowestPriority) {
  Bytes frame(sizeof(VlanTag));
  frame.insert(frame.end(), golden::unicast.begin(), golden::unicast.end());
  put_tag_on(frame, 7);
  EXPECT_EQ(frame, golden::unicast_in_7);
}

TEST(VlanTags, OfProvidersStayOn) {
  const Bytes model = tagged(golden::unicast, 7, ether_type_provider_vlan);
  Bytes frame = model;
  EXPECT_TRUE(is_tagged(frame));
  EXPECT_EQ(take_tag_off(frame), std::nullopt);
  EXPECT_EQ(frame, model);
}

/// Each frame has its exact size, so that a sanitizer sees its end.
TEST(VlanTags, ThatAreCutShortStayOn) {
  for (std::size_t size = 0; size < sizeof(EthernetHeader) + sizeof(VlanTag); ++size) {
    const Bytes model(golden::unicast_in_7.begin(),
                      golden::unicast_in_7.begin() + static_cast<std::ptrdiff_t>(size));
    Bytes frame = model;
    EXPECT_EQ(is_tagged(frame), size >= sizeof(EthernetHeader));
    EXPECT_EQ(take_tag_off(frame), std::nullopt) << size;
    EXPECT_EQ(frame, model);
  }
}

Bytes written(const Endpoint& from, const Endpoint& to) {
  const UdpFramer framer(from, golden::self.mac, {}, 7);
  Bytes frame =
      testing::framed(framer, golden::payload(golden::unicast), golden::neighbour.mac, to);
  EXPECT_TRUE(testing::knows_what_it_wrote(framer, frame, golden::neighbour.mac, to));
  return frame;
}

// docs/protocol.md §1.1.
TEST(UdpFramerInAVlan, WritesItsTagToTheByte) {
  EXPECT_EQ(written(golden::self_endpoint, golden::neighbour_endpoint), golden::unicast_in_7);
  EXPECT_EQ(written(golden6::self_endpoint, golden6::neighbour_endpoint), golden6::unicast_in_7);
}

TEST(UdpFramerInAVlan, SaysHowLongItsHeadersAre) {
  for (const auto& [self, ip_bytes] :
       {std::pair{golden::self_endpoint, 20U}, std::pair{golden6::self_endpoint, 40U}})
    for (const std::uint16_t vlan : {untagged, std::uint16_t{7}}) {
      const std::size_t link_bytes = vlan == untagged ? 14 : 18;
      const UdpFramer framer(self, golden::self.mac, {}, vlan);
      EXPECT_EQ(framer.link_bytes(), link_bytes);
      EXPECT_EQ(framer.ip_bytes(), ip_bytes);
      EXPECT_EQ(framer.headers_bytes(), link_bytes + ip_bytes + 8);
    }
}

}  // namespace
}  // namespace muster::dpdk
