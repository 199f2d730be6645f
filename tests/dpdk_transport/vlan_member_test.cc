// A member of a VLAN, and one of none, seen from a wire that carries several.
#include <gtest/gtest.h>

#include "tests/dpdk_transport/a_member.h"
#include "tests/dpdk_transport/framed.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;
using golden::tagged;
using testing::AMember;

constexpr std::uint16_t vlan = 7;
constexpr std::uint16_t highest_priority = 0xe000;

Bytes from_neighbour(const Bytes& payload) {
  return testing::framed(UdpFramer(golden::neighbour_endpoint, golden::neighbour.mac, {}), payload,
                         golden::self.mac, golden::self_endpoint);
}
Bytes our_announcement() {
  Bytes frame(arp_frame_bytes);
  write_arp_announcement(frame, golden::self);
  return frame;
}

class AMemberOfAVlan : public AMember {
 protected:
  void SetUp() override { plug_in(UdpChecksum::always, {}, vlan); }
};

TEST_F(AMemberOfAVlan, AnnouncesItselfThere) {
  EXPECT_EQ(heard(), tagged(our_announcement(), vlan));
  EXPECT_EQ(heard(), tagged(golden::group_join_3, vlan));
  EXPECT_EQ(heard(), tagged(golden::group_report, vlan));
}

TEST_F(AMemberOfAVlan, AnswersThere) {
  announcements_heard();
  const std::pair<Bytes, Bytes> talk[] = {{golden::arp_request, golden::arp_reply},
                                          {golden::echo_request, golden::echo_reply},
                                          {golden::group_query, golden::group_report}};
  for (const auto& [request, answer] : talk) {
    EXPECT_EQ(say(tagged(request, vlan | highest_priority)), 0U);
    EXPECT_EQ(heard(), tagged(answer, vlan));
  }
  transmit_to({0x0a4d0003, 7777}, "lost");
  Bytes request(arp_frame_bytes);
  write_arp_request(request, golden::self, 0x0a4d0003);
  EXPECT_EQ(heard(), tagged(request, vlan));
}

TEST_F(AMemberOfAVlan, HearsNothingElse) {
  const Bytes for_us = from_neighbour(Bytes(3));
  EXPECT_EQ(say(tagged(for_us, vlan)), 1U);
  const Bytes in_vlan = tagged(for_us, vlan);
  const Bytes cut_short(in_vlan.begin(), in_vlan.begin() + 17);
  const Bytes others[] = {for_us,
                          tagged(for_us, vlan + 1),
                          tagged(for_us, highest_priority),
                          tagged(for_us, vlan, ether_type_provider_vlan),
                          tagged(tagged(for_us, vlan), vlan),
                          tagged(tagged(for_us, vlan), vlan, ether_type_provider_vlan),
                          tagged(tagged(for_us, vlan, ether_type_provider_vlan), vlan),
                          cut_short};
  for (std::uint64_t i = 0; i < std::size(others); ++i) {
    EXPECT_EQ(say(others[i]), 0U) << i;
    EXPECT_EQ(member_->stats().other_vlan, i + 1);
  }
  EXPECT_EQ(member_->stats().received, 1U);
  EXPECT_EQ(member_->stats().other_traffic + member_->stats().malformed, 0U);
}

/// What is kept for a peer may wait in the port still when it goes to another.
TEST_F(AMemberOfAVlan, SendsAKeptPacketToAnother) {
  announcements_heard();
  Bytes announcement(arp_frame_bytes);
  write_arp_announcement(announcement, golden::neighbour);
  say(tagged(announcement, vlan));
  Packet& packet = packet_with("muster");
  packet.peer = golden::neighbour_endpoint;
  for (int i = 0; i < 2; ++i) {
    member_->retain(packet);
    member_->transmit(packet);
  }
  packet.peer = golden::group;
  member_->transmit(packet);
  member_->flush();
  EXPECT_EQ(heard(), golden::unicast_in_7);
  EXPECT_EQ(heard(), golden::unicast_in_7);
  const UdpFramer framer(golden::self_endpoint, golden::self.mac, {}, vlan);
  EXPECT_EQ(heard(), testing::framed(framer, golden::payload(golden::unicast),
                                     multicast_mac(golden::group.address), golden::group));
}

TEST_F(AMemberOfAVlan, SendsAReceivedPacketOn) {
  announcements_heard();
  const Bytes payload = golden::payload(golden::unicast);
  put_on_wire(tagged(from_neighbour(payload), vlan));
  std::array<Packet*, 1> burst{};
  ASSERT_EQ(member_->receive(burst), 1U);
  EXPECT_TRUE(std::ranges::equal(burst[0]->payload(), payload));
  EXPECT_EQ(burst[0]->peer, golden::neighbour_endpoint);
  member_->transmit(*burst[0]);
  member_->flush();
  EXPECT_EQ(heard(), golden::unicast_in_7);
}

/// IEEE 802.1Q, 6.9: a tag of VLAN 0 says a priority alone.
TEST_F(AMember, OfNoVlanHearsFramesThatHaveAPriorityAlone) {
  announcements_heard();
  EXPECT_EQ(say(tagged(from_neighbour(Bytes(3)), highest_priority)), 1U);
  EXPECT_EQ(say(tagged(golden::arp_request, 0)), 0U);
  EXPECT_EQ(heard(), golden::arp_reply);
  EXPECT_EQ(member_->stats().other_vlan, 0U);
}

TEST_F(AMember, OfNoVlanHearsNoVlan) {
  const Bytes for_us = from_neighbour(Bytes(3));
  const Bytes others[] = {tagged(for_us, vlan), tagged(tagged(for_us, 0), 0),
                          tagged(for_us, 0, ether_type_provider_vlan)};
  for (const Bytes& frame : others) EXPECT_EQ(say(frame), 0U);
  EXPECT_EQ(member_->stats().other_vlan, std::size(others));
  EXPECT_EQ(member_->stats().other_traffic, 0U);
}

}  // namespace
}  // namespace muster::dpdk
