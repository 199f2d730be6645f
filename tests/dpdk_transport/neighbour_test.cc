// A member seen from the wire: what it says and answers, frame by frame.
#include "dpdk_transport/checksum.h"
#include "tests/dpdk_transport/a_member.h"
#include "tests/dpdk_transport/framed.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;
using testing::AMember;
using testing::eventually;
using testing::framed;

TEST_F(AMember, AnnouncesItselfAndJoinsItsGroup) {
  Bytes announcement(arp_frame_bytes);
  write_arp_announcement(announcement, golden::self);
  EXPECT_EQ(heard(), announcement);
  EXPECT_EQ(heard(), golden::group_join_3);
  EXPECT_EQ(heard(), golden::group_report);
}

TEST_F(AMember, LeavesItsGroupWhenItEnds) {
  announcements_heard();
  member_.reset();
  // The ring is gone with the member, unless its last frame was read before.
  EXPECT_TRUE(eventually([&] { return !wire_->link_up(); }));
}

TEST_F(AMember, HasTheEthernetAddressOfItsIpAddress) {
  EXPECT_EQ(member_->mac(), golden::self.mac);
}

TEST_F(AMember, AnswersArp) {
  announcements_heard();
  EXPECT_EQ(say(golden::arp_request), 0U);
  EXPECT_EQ(heard(), golden::arp_reply);
  EXPECT_EQ(member_->stats().neighbours_answered, 1U);
}

TEST_F(AMember, AnswersEcho) {
  announcements_heard();
  EXPECT_EQ(say(golden::echo_request), 0U);
  EXPECT_EQ(heard(), golden::echo_reply);
  EXPECT_EQ(member_->stats().echo_answered, 1U);
}

/// Ethernet makes short frames longer, and anybody may.
TEST_F(AMember, AnswersWithoutWhatWasAppended) {
  announcements_heard();
  for (const auto& [request, answer] : {std::pair(golden::arp_request, golden::arp_reply),
                                        std::pair(golden::echo_request, golden::echo_reply)}) {
    Bytes longer = request;
    longer.resize(1900);
    EXPECT_EQ(say(longer), 0U);
    EXPECT_EQ(heard(), answer);
  }
}

TEST_F(AMember, AnswersNoEchoThatIsLongerThanItsMtu) {
  announcements_heard();
  const auto echo_of = [](std::size_t packet_bytes) {
    Bytes frame = golden::echo_request;
    frame.resize(sizeof(EthernetHeader) + packet_bytes);
    const auto packet = std::span(frame).subspan(sizeof(EthernetHeader));
    auto& ip = header_at<Ipv4Header>(packet, 0);
    ip.total_bytes = static_cast<std::uint16_t>(packet_bytes);
    ip.checksum = 0;
    ip.checksum = checksum_of(checksum_sum_of(ip));
    auto& icmp = header_at<IcmpHeader>(packet, sizeof ip);
    icmp.checksum = 0;
    icmp.checksum = checksum_of(checksum_sum(packet.subspan(sizeof ip)));
    return frame;
  };
  EXPECT_EQ(say(echo_of(mtu_default + 1)), 0U);
  EXPECT_EQ(member_->stats().too_long, 1U);
  EXPECT_EQ(say(echo_of(mtu_default)), 0U);
  EXPECT_EQ(heard().size(), sizeof(EthernetHeader) + mtu_default);
  EXPECT_EQ(member_->stats().echo_answered, 1U);
}

TEST_F(AMember, AnswersTheQuerierOfGroupsInItsVersion) {
  announcements_heard();
  EXPECT_EQ(say(golden::group_query), 0U);
  EXPECT_EQ(heard(), golden::group_report);
  EXPECT_EQ(say(golden::group_query_3), 0U);
  EXPECT_EQ(heard(), golden::group_present_3);
  EXPECT_EQ(member_->stats().group_reports, 4U);
}

TEST_F(AMember, AsksForAnAddressItDoesNotKnow) {
  announcements_heard();
  transmit_to(golden::neighbour_endpoint, "lost");
  Bytes request(arp_frame_bytes);
  write_arp_request(request, golden::self, golden::neighbour.address.v4());
  EXPECT_EQ(heard(), request);
  EXPECT_EQ(member_->stats().unresolved, 1U);

  Bytes reply = golden::arp_request;
  make_arp_reply(request, golden::neighbour);
  EXPECT_EQ(say(request), 0U);
  transmit_to(golden::neighbour_endpoint, "muster");
  EXPECT_EQ(heard(), golden::unicast);
}

// docs/protocol.md §1.2.
TEST_F(AMember, ReachesOtherNetworksThroughItsGateway) {
  plug_in(UdpChecksum::always,
          {.first = 0x0a4d0000, .last = 0x0a4d00ff, .gateway = golden::neighbour.address});
  announcements_heard();
  const Endpoint elsewhere{.address = 0x0a4e0009, .port = 7777};  // 10.78.0.9
  const auto asked_for = [](const IpAddress& address) {
    Bytes request(arp_frame_bytes);
    write_arp_request(request, golden::self, address.v4());
    return request;
  };
  transmit_to(elsewhere, "lost");
  EXPECT_EQ(heard(), asked_for(golden::neighbour.address));

  // What comes from there says nothing of who is on the segment.
  const Bytes from_elsewhere = framed(UdpFramer(elsewhere, MacAddress{2, 0, 0, 0, 0, 9}, {}),
                                      Bytes(1), golden::self.mac, golden::self_endpoint);
  EXPECT_EQ(say(from_elsewhere), 1U);
  Bytes reply(arp_frame_bytes);
  write_arp_announcement(reply, golden::neighbour);
  EXPECT_EQ(say(reply), 0U);

  transmit_to(elsewhere, "found");
  const Bytes frame = heard();
  ASSERT_EQ(frame.size(), golden::headers_bytes + 5);
  const auto& headers = header_at<golden::Headers>(std::span(frame), 0);
  EXPECT_EQ(headers.ethernet.destination, golden::neighbour.mac);
  EXPECT_EQ(headers.ip.destination, elsewhere.address.v4());
  const IpAddress near = golden::self.address.v4() + 8;
  transmit_to({.address = near, .port = 7777}, "near");
  EXPECT_EQ(heard(), asked_for(near)) << "on the segment nobody is between";
}

// docs/protocol.md §1.1: a frame of a memif stays in memory.
TEST_F(AMember, SendsNoUdpChecksumThroughMemoryUnlessTold) {
  plug_in(UdpChecksum::where_needed);
  announcements_heard();
  transmit_to(golden::group, "odd");
  Bytes expected = golden::multicast;
  const std::size_t checksum = golden::headers_bytes - 2;
  expected[checksum] = expected[checksum + 1] = std::byte{0};
  EXPECT_EQ(heard(), expected);
}

/// They could be many. Who is known already may have moved.
TEST_F(AMember, LearnsNobodyAnewWhoAsksForOthers) {
  announcements_heard();
  const auto asks_for_another = [](const Station& asker) {
    Bytes request(arp_frame_bytes);
    write_arp_request(request, asker, golden::self.address.v4() + 7);
    return request;
  };
  say(asks_for_another(golden::neighbour));
  transmit_to(golden::neighbour_endpoint, "lost");
  EXPECT_EQ(member_->stats().unresolved, 1U);
  EXPECT_EQ(member_->stats().not_for_us, 1U);
  heard();  // who asks for it

  Bytes reply(arp_frame_bytes);
  write_arp_announcement(reply, golden::neighbour);
  say(reply);
  const MacAddress moved{2, 0, 0, 0, 0, 9};
  say(asks_for_another({.address = golden::neighbour.address, .mac = moved}));
  transmit_to(golden::neighbour_endpoint, "found");
  const Bytes frame = heard();
  ASSERT_FALSE(frame.empty());
  EXPECT_EQ(header_at<EthernetHeader>(std::span(frame), 0).destination, moved);
}

TEST_F(AMember, SendsToItsGroupWithoutAsking) {
  announcements_heard();
  transmit_to(golden::group, "odd");
  EXPECT_EQ(heard(), golden::multicast);
}

TEST_F(AMember, DropsAndCountsWhatItCannotUse) {
  const Bytes for_us = framed(UdpFramer(golden::neighbour_endpoint, golden::neighbour.mac, {}),
                              Bytes(3), golden::self.mac, golden::self_endpoint);
  EXPECT_EQ(say(for_us), 1U);

  Bytes damaged = for_us;
  damaged.back() ^= std::byte{1};
  EXPECT_EQ(say(damaged), 0U);
  EXPECT_EQ(member_->stats().bad_checksum, 1U);

  EXPECT_EQ(say(Bytes(for_us.begin(), for_us.end() - 1)), 0U);
  EXPECT_EQ(member_->stats().malformed, 1U);

  EXPECT_EQ(say(golden::unicast), 0U);  // to the neighbour
  EXPECT_EQ(member_->stats().not_for_us, 1U);

  EXPECT_EQ(say(golden::echo_reply), 0U);
  Bytes other(64);
  EXPECT_EQ(say(other), 0U);
  EXPECT_EQ(member_->stats().other_traffic, 1U);
  EXPECT_EQ(member_->stats().received, 1U);
}

/// A storm of such frames is work for whoever polls, and what is wanted may lie behind it.
TEST_F(AMember, SaysHowManyFramesItHasReadThatWereNoDatagrams) {
  const Bytes for_us = framed(UdpFramer(golden::neighbour_endpoint, golden::neighbour.mac, {}),
                              Bytes(3), golden::self.mac, golden::self_endpoint);
  for (const Bytes& frame : {golden::arp_request, for_us, Bytes(64)})
    ASSERT_TRUE(put_on_wire(frame));
  std::array<Packet*, 4> packets{};
  ASSERT_EQ(member_->receive(packets), 1U);
  EXPECT_EQ(member_->received_besides(), 2U);
  member_->release(*packets[0]);
  EXPECT_EQ(member_->receive(packets), 0U);
  EXPECT_EQ(member_->received_besides(), 0U);
}

TEST_F(AMember, AnswersNoQueryTwiceAtOnce) {
  announcements_heard();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(say(golden::group_query), 0U);
  EXPECT_EQ(member_->stats().group_reports, 3U);
  EXPECT_TRUE(eventually([&] {
    say(golden::group_query);
    return member_->stats().group_reports > 3;
  }));
}

TEST_F(AMember, KnowsNobodyByTheAddressOfAGroup) {
  const Bytes nobody = framed(UdpFramer(golden::group, golden::neighbour.mac, {}), Bytes(3),
                              golden::self.mac, golden::self_endpoint);
  EXPECT_EQ(say(nobody), 0U);
  const Bytes everybody = framed(UdpFramer(golden::neighbour_endpoint, broadcast_mac, {}), Bytes(3),
                                 golden::self.mac, golden::self_endpoint);
  EXPECT_EQ(say(everybody), 0U);
  EXPECT_EQ(member_->stats().malformed, 2U);
  EXPECT_EQ(member_->stats().received, 0U);
}

TEST_F(AMember, NoticesThatItsAddressIsTaken) {
  Bytes announcement(arp_frame_bytes);
  write_arp_announcement(announcement,
                         {.address = golden::self.address, .mac = golden::neighbour.mac});
  EXPECT_EQ(say(announcement), 0U);
  EXPECT_EQ(member_->stats().address_conflicts, 1U);
}

}  // namespace
}  // namespace muster::dpdk
