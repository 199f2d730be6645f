#include "dpdk_transport/classify.h"

#include <random>

#include <gtest/gtest.h>

#include "dpdk_transport/checksum.h"
#include "dpdk_transport/echo.h"
#include "tests/dpdk_transport/golden.h"

namespace muster::dpdk {
namespace {

using golden::at_neighbour;
using golden::at_self;
using golden::Bytes;

FrameKind kind_of(const Bytes& frame, const LocalAddresses& local = at_neighbour,
                  Verified verified = {}) {
  return classify(frame, local, verified).kind;
}

Ipv4Header& ip_of(Bytes& frame) {
  return header_at<Ipv4Header>(std::span(frame), sizeof(EthernetHeader));
}
UdpHeader& udp_of(Bytes& frame) { return header_at<UdpHeader>(std::span(frame), 34); }

/// After a change to the IPv4 header.
void mend_ip_checksum(Bytes& frame) {
  Ipv4Header& ip = ip_of(frame);
  ip.checksum = 0;
  const std::size_t size = std::size_t{ip.version_and_words & 0xfU} * 4;
  ip.checksum = checksum_of(
      checksum_sum(std::span<const std::byte>(frame).subspan(sizeof(EthernetHeader), size)));
}

TEST(Classifier, FindsTheDatagramToTheEndpoint) {
  const Classified found = classify(golden::unicast, at_neighbour, {});
  EXPECT_EQ(found.kind, FrameKind::datagram);
  EXPECT_EQ(found.source, golden::self_endpoint);
  EXPECT_EQ(found.offset, 42);
  EXPECT_EQ(found.bytes, 6);
}

TEST(Classifier, FindsTheDatagramToTheGroup) {
  EXPECT_EQ(kind_of(golden::multicast), FrameKind::datagram);
}

TEST(Classifier, FindsWhatTheNeighboursAsk) {
  EXPECT_EQ(kind_of(golden::arp_request, at_self), FrameKind::arp);
  EXPECT_EQ(kind_of(golden::echo_request, at_self), FrameKind::echo_request);
  EXPECT_EQ(kind_of(golden::group_query, at_self), FrameKind::group_query);
  EXPECT_EQ(kind_of(golden::group_query_3, at_self), FrameKind::group_query);
}

TEST(Classifier, DropsEveryTruncation) {
  for (const Bytes* whole : {&golden::unicast, &golden::multicast, &golden::echo_request,
                             &golden::arp_request, &golden::group_query}) {
    const LocalAddresses& local = whole == &golden::unicast ? at_neighbour : at_self;
    for (std::size_t size = 0; size < whole->size(); ++size) {
      const Bytes cut(whole->begin(), whole->begin() + static_cast<std::ptrdiff_t>(size));
      ASSERT_EQ(kind_of(cut, local), FrameKind::malformed) << size << " of " << whole->size();
    }
  }
}

TEST(Classifier, StripsWhatEthernetAppended) {
  Bytes frame = golden::multicast;
  frame.resize(60, std::byte{0xaa});
  const Classified found = classify(frame, at_neighbour, {});
  EXPECT_EQ(found.kind, FrameKind::datagram);
  EXPECT_EQ(found.bytes, 3);
}

TEST(Classifier, StripsWhatIpAppendedToUdp) {
  Bytes frame = golden::unicast;
  frame.resize(frame.size() + 4, std::byte{0xaa});
  ip_of(frame).total_bytes = static_cast<std::uint16_t>(ip_of(frame).total_bytes + 4);
  mend_ip_checksum(frame);
  const Classified found = classify(frame, at_neighbour, {});
  EXPECT_EQ(found.kind, FrameKind::datagram);
  EXPECT_EQ(found.bytes, 6);
}

TEST(Classifier, StepsOverIpOptions) {
  Bytes frame = golden::unicast;
  const Bytes option = golden::hex("94040000");
  frame.insert(frame.begin() + 34, option.begin(), option.end());
  ip_of(frame).version_and_words = 0x46;
  ip_of(frame).total_bytes = static_cast<std::uint16_t>(ip_of(frame).total_bytes + 4);
  mend_ip_checksum(frame);
  const Classified found = classify(frame, at_neighbour, {});
  EXPECT_EQ(found.kind, FrameKind::datagram);
  EXPECT_EQ(found.offset, 46);
  EXPECT_EQ(found.bytes, 6);
}

TEST(Classifier, NoticesEverySingleFlippedBit) {
  for (std::size_t bit = 0; bit < golden::unicast.size() * 8; ++bit) {
    Bytes frame = golden::unicast;
    frame[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const Classified found = classify(frame, at_neighbour, {});
    const bool ethernet_address = bit / 8 < 12;  // no checksum covers those
    ASSERT_EQ(found.kind == FrameKind::datagram, ethernet_address) << "bit " << bit;
  }
}

TEST(Classifier, DropsAWrongChecksum) {
  for (const std::size_t at : {std::size_t{24}, std::size_t{45}}) {  // IPv4 checksum, payload
    Bytes frame = golden::unicast;
    frame[at] ^= std::byte{1};
    EXPECT_EQ(kind_of(frame), FrameKind::bad_checksum);
  }
  Bytes echo = golden::echo_request;
  echo.back() ^= std::byte{1};
  EXPECT_EQ(kind_of(echo, at_self), FrameKind::bad_checksum);
  Bytes query = golden::group_query;
  query.back() ^= std::byte{1};
  EXPECT_EQ(kind_of(query, at_self), FrameKind::bad_checksum);
}

TEST(Classifier, BelievesAPortThatHasVerifiedAChecksum) {
  Bytes frame = golden::unicast;
  frame[45] ^= std::byte{1};
  EXPECT_EQ(kind_of(frame, at_neighbour, {.ip = true, .udp = true}), FrameKind::datagram);
  EXPECT_EQ(kind_of(frame, at_neighbour, {.ip = true, .udp = false}), FrameKind::bad_checksum);
}

TEST(Classifier, AcceptsADatagramWhoseSenderComputedNoChecksum) {
  Bytes frame = golden::unicast;
  frame[40] = frame[41] = std::byte{0};
  EXPECT_EQ(kind_of(frame), FrameKind::datagram);
}

/// As a kernel leaves it to a NIC: the sum of the pseudo header, and not the complement.
TEST(Classifier, AcceptsAPartialChecksumOnlyWhereThePortMayHandOne) {
  Bytes frame = golden::unicast;
  udp_of(frame).checksum = 0x14bc;
  EXPECT_EQ(kind_of(frame), FrameKind::bad_checksum);
  EXPECT_EQ(kind_of(frame, at_neighbour, {.udp_partial = true}), FrameKind::datagram);
  udp_of(frame).checksum = 0x14bd;
  EXPECT_EQ(kind_of(frame, at_neighbour, {.udp_partial = true}), FrameKind::bad_checksum);
  EXPECT_EQ(kind_of(golden::unicast, at_neighbour, {.udp_partial = true}), FrameKind::datagram);
}

TEST(Classifier, DropsFragments) {
  for (const unsigned fragment : {0x2000U, 0x0001U, 0x2010U, 0x1fffU}) {
    Bytes frame = golden::unicast;
    ip_of(frame).fragment = static_cast<std::uint16_t>(fragment);
    mend_ip_checksum(frame);
    EXPECT_EQ(kind_of(frame), FrameKind::fragment) << fragment;
  }
}

TEST(Classifier, LeavesOthersTrafficAlone) {
  EXPECT_EQ(kind_of(golden::unicast, {.self = {0x0a4d0003, 7778}, .group = golden::group}),
            FrameKind::not_for_us);
  EXPECT_EQ(kind_of(golden::unicast, {.self = {0x0a4d0002, 7779}, .group = golden::group}),
            FrameKind::not_for_us);
  EXPECT_EQ(
      kind_of(golden::multicast, {.self = golden::neighbour_endpoint, .group = {0xef4d0002, 7777}}),
      FrameKind::not_for_us);
  EXPECT_EQ(kind_of(golden::echo_request, at_neighbour), FrameKind::not_for_us);
}

/// Its own multicast come back, or somebody who has the same address: the protocol tells which.
TEST(Classifier, TakesWhatComesFromTheOwnAddress) {
  EXPECT_EQ(kind_of(golden::multicast, at_self), FrameKind::datagram);
}

TEST(Classifier, CallsTheRestOther) {
  Bytes ipv6 = golden::unicast;
  ipv6[12] = std::byte{0x86};
  ipv6[13] = std::byte{0xdd};
  EXPECT_EQ(kind_of(ipv6), FrameKind::other);
  Bytes tcp = golden::unicast;
  ip_of(tcp).protocol = 6;
  mend_ip_checksum(tcp);
  EXPECT_EQ(kind_of(tcp), FrameKind::other);
  EXPECT_EQ(kind_of(golden::echo_reply, at_neighbour), FrameKind::other);
  EXPECT_EQ(kind_of(golden::group_report, at_neighbour), FrameKind::other);
}

TEST(Classifier, DropsLengthsThatDoNotAddUp) {
  const auto with = [](auto change) {
    Bytes frame = golden::unicast;
    change(frame);
    mend_ip_checksum(frame);
    return kind_of(frame);
  };
  EXPECT_EQ(with([](Bytes& frame) { ip_of(frame).version_and_words = 0x65; }),
            FrameKind::malformed);
  EXPECT_EQ(with([](Bytes& frame) { ip_of(frame).version_and_words = 0x44; }),
            FrameKind::malformed);
  EXPECT_EQ(with([](Bytes& frame) { ip_of(frame).total_bytes = 19; }), FrameKind::malformed);
  EXPECT_EQ(with([](Bytes& frame) { ip_of(frame).total_bytes = 35; }), FrameKind::malformed);
  EXPECT_EQ(with([](Bytes& frame) { udp_of(frame).bytes = 7; }), FrameKind::malformed);
  EXPECT_EQ(with([](Bytes& frame) { udp_of(frame).bytes = 15; }), FrameKind::malformed);
}

TEST(Classifier, NeverPointsOutsideTheFrame) {
  std::mt19937 dice(4);
  for (int round = 0; round < 200'000; ++round) {
    Bytes frame = round % 2 == 0 ? golden::unicast : golden::echo_request;
    frame.resize(14 + dice() % 60);
    for (int change = 0; change < 3; ++change)
      frame[12 + dice() % (frame.size() - 12)] = static_cast<std::byte>(dice());
    const Classified found = classify(frame, at_neighbour, {.ip = true, .udp = true});
    ASSERT_LE(found.offset + found.bytes, frame.size());
  }
}

TEST(EchoReply, IsTheRequestTurnedRound) {
  Bytes frame = golden::echo_request;
  make_echo_reply(frame, classify(frame, golden::at_self, {}), golden::self);
  EXPECT_EQ(frame, golden::echo_reply);
}

}  // namespace
}  // namespace muster::dpdk
