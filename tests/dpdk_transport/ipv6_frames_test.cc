// Frames of IPv6, to the byte, and those that are none.
#include <gtest/gtest.h>

#include "dpdk_transport/classify.h"
#include "dpdk_transport/discovery.h"
#include "dpdk_transport/echo.h"
#include "dpdk_transport/mld.h"
#include "dpdk_transport/udp_frame.h"
#include "tests/dpdk_transport/framed.h"
#include "tests/dpdk_transport/golden6.h"

namespace muster::dpdk {
namespace {

using golden6::Bytes;

Classified at_self(const Bytes& frame) { return classify(frame, golden6::at_self, {}); }

Bytes written(const Checksums& checksums, const Bytes& model, const MacAddress& destination,
              const Endpoint& peer) {
  const UdpFramer framer(golden6::self_endpoint, golden6::self.mac, checksums);
  Bytes frame =
      testing::framed(framer, std::span(model).subspan(golden6::headers_bytes), destination, peer);
  EXPECT_TRUE(testing::knows_what_it_wrote(framer, frame, destination, peer));
  return frame;
}

TEST(Ipv6Datagram, IsWrittenToTheByte) {
  // There is no UDP over IPv6 without a checksum.
  for (const Checksum udp : {Checksum::computed, Checksum::none}) {
    EXPECT_EQ(written({.udp = udp}, golden6::unicast, golden6::neighbour.mac,
                      golden6::neighbour_endpoint),
              golden6::unicast);
    EXPECT_EQ(written({.udp = udp}, golden6::multicast, multicast_mac(golden6::group_address),
                      golden6::group),
              golden6::multicast);
  }
}

TEST(Ipv6Datagram, LeavesThePseudoHeadersSumToAPortThatComputes) {
  Bytes frame = written({.udp = Checksum::left_to_port}, golden6::unicast, golden6::neighbour.mac,
                        golden6::neighbour_endpoint);
  EXPECT_EQ(classify(frame, golden6::at_neighbour, {}).kind, FrameKind::bad_checksum);
  EXPECT_EQ(classify(frame, golden6::at_neighbour, {.udp_partial = true}).kind,
            FrameKind::datagram);
}

TEST(Ipv6Datagram, IsFoundWithItsSenderAndPayload) {
  const Classified found = classify(golden6::unicast, golden6::at_neighbour, {});
  EXPECT_EQ(found.kind, FrameKind::datagram);
  EXPECT_EQ(found.source, golden6::self_endpoint);
  EXPECT_EQ(found.offset, golden6::headers_bytes);
  EXPECT_EQ(found.bytes, 6U);
  EXPECT_EQ(classify(golden6::multicast, golden6::at_neighbour, {}).kind, FrameKind::datagram);
  EXPECT_EQ(at_self(golden6::unicast).kind, FrameKind::not_for_us);
}

/// The unicast datagram with options of these types between its header and UDP.
Bytes with_options(std::initializer_list<std::uint8_t> types) {
  Bytes frame = golden6::unicast;
  Bytes options;
  std::uint8_t next = ip_protocol_udp;
  for (auto type = std::rbegin(types); type != std::rend(types); ++type) {
    const Bytes unit = golden::hex("000001040000000000");
    options.insert(options.begin(), unit.begin(), unit.begin() + 8);
    options.front() = std::byte{next};
    next = *type;
  }
  auto& header = header_at<Ipv6Header>(std::span(frame), sizeof(EthernetHeader));
  header.next_header = next;
  header.payload_bytes = static_cast<std::uint16_t>(header.payload_bytes + options.size());
  frame.insert(frame.begin() + 54, options.begin(), options.end());
  return frame;
}

TEST(Ipv6Datagram, MayHaveOptions) {
  EXPECT_EQ(classify(with_options({0}), golden6::at_neighbour, {}).kind, FrameKind::datagram);
  const Classified found = classify(with_options({0, 60}), golden6::at_neighbour, {});
  EXPECT_EQ(found.kind, FrameKind::datagram);
  EXPECT_EQ(found.offset, golden6::headers_bytes + 16);
  EXPECT_EQ(classify(with_options({44}), golden6::at_neighbour, {}).kind, FrameKind::fragment);
  EXPECT_EQ(classify(with_options({43}), golden6::at_neighbour, {}).kind, FrameKind::other);
  Bytes endless = with_options({0});
  endless[55] = std::byte{200};
  EXPECT_EQ(classify(endless, golden6::at_neighbour, {}).kind, FrameKind::malformed);
}

TEST(Ipv6Datagram, IsRefusedInAnyPart) {
  for (std::size_t size = 14; size < golden6::unicast.size(); ++size)
    EXPECT_EQ(classify(std::span(golden6::unicast).first(size), golden6::at_neighbour, {}).kind,
              FrameKind::malformed)
        << size;
}

TEST(Ipv6Datagram, NeedsItsChecksum) {
  Bytes frame = golden6::unicast;
  frame.back() ^= std::byte{1};
  EXPECT_EQ(classify(frame, golden6::at_neighbour, {}).kind, FrameKind::bad_checksum);
  EXPECT_EQ(classify(frame, golden6::at_neighbour, {.udp = true}).kind, FrameKind::datagram);
  header_at<UdpHeader>(std::span(frame), 54).checksum = 0;
  EXPECT_EQ(classify(frame, golden6::at_neighbour, {.udp = true}).kind, FrameKind::bad_checksum);
}

TEST(Ipv6Datagram, HasNoAddressOfIpv4) {
  Bytes frame = golden6::unicast;
  header_at<Ipv6Header>(std::span(frame), 14).source = IpAddress(0x0a4d0001).bytes();
  EXPECT_EQ(classify(frame, golden6::at_neighbour, {.udp = true}).kind, FrameKind::malformed);
}

TEST(Families, DoNotHearEachOther) {
  for (const Bytes& frame : {golden::multicast, golden::arp_request, golden::group_query})
    EXPECT_EQ(at_self(frame).kind, FrameKind::other);
  for (const Bytes& frame : {golden6::multicast, golden6::solicitation, golden6::group_query})
    EXPECT_EQ(classify(frame, golden::at_self, {}).kind, FrameKind::other);
}

TEST(Discovery, IsWrittenToTheByte) {
  Bytes frame(discovery_frame_bytes, std::byte{0xee});
  write_solicitation(frame, golden6::self, golden6::neighbour_address);
  EXPECT_EQ(frame, golden6::our_solicitation);
  write_advertisement(frame, golden6::self, golden6::neighbour);
  EXPECT_EQ(frame, golden6::advertisement);
  write_discovery_announcement(frame, golden6::self);
  EXPECT_EQ(frame, golden6::announcement);
}

NeighbourNews heard(const Bytes& frame, const Station& self = golden6::self) {
  const Classified found =
      classify(frame, {.self = {self.address, 7777}, .group = golden6::group}, {});
  EXPECT_EQ(found.kind, FrameKind::neighbour);
  return found.kind == FrameKind::neighbour ? read_discovery(frame, found, self) : NeighbourNews{};
}

TEST(Discovery, TellsWhoAsksAndWhoIsWhere) {
  const NeighbourNews asked = heard(golden6::solicitation);
  EXPECT_TRUE(asked.valid && asked.for_us && !asked.conflict);
  EXPECT_EQ(asked.sender.address, golden6::neighbour_address);
  EXPECT_EQ(asked.sender.mac, golden6::neighbour.mac);
  const NeighbourNews told = heard(golden6::neighbours_announcement);
  EXPECT_TRUE(told.valid && !told.for_us && !told.conflict);
  EXPECT_EQ(told.sender.address, golden6::neighbour_address);
  EXPECT_EQ(told.sender.mac, golden6::neighbour.mac);
}

TEST(Discovery, NoticesWhoElseHasOrWantsOurAddress) {
  const Station stranger{.address = golden6::neighbour_address, .mac = {2, 9, 9, 9, 9, 9}};
  EXPECT_TRUE(heard(golden6::neighbours_announcement, stranger).conflict);
  EXPECT_TRUE(heard(golden6::duplicate_detection).conflict);
  EXPECT_FALSE(heard(golden6::announcement).conflict);
}

/// RFC 4861, 7.2.4 and RFC 4862, 5.4.3: else the other takes it.
TEST(Discovery, DefendsOurAddress) {
  const NeighbourNews news = heard(golden6::duplicate_detection);
  EXPECT_TRUE(news.for_us && !news.valid);
  EXPECT_TRUE(news.sender.address.is_unspecified());
}

TEST(Discovery, AnswersWhoDoesNotSayWhereHeIs) {
  const NeighbourNews news = heard(golden6::solicitation_without_address);
  EXPECT_TRUE(news.valid && news.for_us);
  EXPECT_EQ(news.sender.mac, golden6::neighbour.mac);
}

TEST(Discovery, IsOfThisSegmentOnly) {
  Bytes frame = golden6::solicitation;
  header_at<Ipv6Header>(std::span(frame), 14).hop_limit = 254;
  EXPECT_EQ(at_self(frame).kind, FrameKind::malformed);
}

TEST(Discovery, SurvivesOptionsThatDoNotAddUp) {
  for (const int units : {0, 2, 255}) {
    Bytes frame = golden6::neighbours_announcement;
    frame[14 + 40 + 24 + 1] = static_cast<std::byte>(units);
    const Classified found{.kind = FrameKind::neighbour,
                           .source = {golden6::neighbour_address, 0},
                           .offset = 54,
                           .bytes = 32};
    EXPECT_FALSE(read_discovery(frame, found, golden6::self).valid) << units;
  }
}

TEST(EchoReply, OfIpv6IsTheRequestTurnedRound) {
  Bytes frame = golden6::echo_request;
  const Classified found = at_self(frame);
  ASSERT_EQ(found.kind, FrameKind::echo_request);
  make_echo_reply(frame, found, golden6::self);
  EXPECT_EQ(frame, golden6::echo_reply);
}

TEST(Mld, IsWrittenToTheByte) {
  const auto report = [](GroupNews news, GroupProtocol protocol) {
    Bytes frame(mld_frame_bytes(protocol), std::byte{0xee});
    write_mld(frame, golden6::self.mac, golden6::group_address, news, protocol);
    return frame;
  };
  EXPECT_EQ(report(GroupNews::joins, GroupProtocol::newer), golden6::group_join_2);
  EXPECT_EQ(report(GroupNews::is_in, GroupProtocol::newer), golden6::group_present_2);
  EXPECT_EQ(report(GroupNews::leaves, GroupProtocol::newer), golden6::group_leave_2);
  EXPECT_EQ(report(GroupNews::joins, GroupProtocol::older), golden6::group_report);
  EXPECT_EQ(report(GroupNews::leaves, GroupProtocol::older), golden6::group_leave);
}

TEST(Mld, QueriesAreForTheGroupOrForAll) {
  EXPECT_EQ(at_self(golden6::group_query).kind, FrameKind::group_query);
  EXPECT_LT(at_self(golden6::group_query).bytes, mld2_query_bytes_min);
  EXPECT_EQ(at_self(golden6::group_query_2).kind, FrameKind::group_query);
  EXPECT_GE(at_self(golden6::group_query_2).bytes, mld2_query_bytes_min);
  EXPECT_EQ(at_self(golden6::group_query_of_other).kind, FrameKind::not_for_us);
  EXPECT_EQ(at_self(golden6::group_query_of_solicitations).kind, FrameKind::group_query);
}

}  // namespace
}  // namespace muster::dpdk
