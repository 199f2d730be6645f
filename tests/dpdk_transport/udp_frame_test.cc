#include "dpdk_transport/udp_frame.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/dpdk_transport/framed.h"
#include "tests/dpdk_transport/golden6.h"

namespace muster::dpdk {
namespace {

using golden::Bytes;

Bytes written(const Bytes& model, const MacAddress& destination, const Endpoint& peer,
              Checksums checksums = {}) {
  const UdpFramer framer(golden::self_endpoint, golden::self.mac, checksums);
  Bytes frame = testing::framed(framer, golden::payload(model), destination, peer);
  EXPECT_TRUE(testing::knows_what_it_wrote(framer, frame, destination, peer));
  return frame;
}

// docs/protocol.md §1.1.
TEST(UdpFramer, WritesAUnicastDatagramToTheByte) {
  EXPECT_EQ(written(golden::unicast, golden::neighbour.mac, golden::neighbour_endpoint),
            golden::unicast);
}

TEST(UdpFramer, KeepsMulticastOnTheSegment) {
  EXPECT_EQ(written(golden::multicast, multicast_mac(golden::group.address), golden::group),
            golden::multicast);
}

TEST(UdpFramer, LeavesTheChecksumsToAPortThatComputesThem) {
  const Bytes frame = written(golden::unicast, golden::neighbour.mac, golden::neighbour_endpoint,
                              {.ip = Checksum::left_to_port, .udp = Checksum::left_to_port});
  const auto& headers = header_at<golden::Headers>(std::span<const std::byte>(frame), 0);
  EXPECT_EQ(headers.ip.checksum, 0);
  // What the port does: it sums UDP with the pseudo header's sum in the field.
  const auto udp = std::span<const std::byte>(frame).subspan(34);
  EXPECT_EQ(checksum_of(checksum_sum(udp)), 0x6816);
}

TEST(UdpFramer, SendsNoneWhereTheFrameStaysInMemory) {
  const Bytes frame = written(golden::unicast, golden::neighbour.mac, golden::neighbour_endpoint,
                              {.udp = Checksum::none});
  const auto& headers = header_at<golden::Headers>(std::span<const std::byte>(frame), 0);
  EXPECT_EQ(headers.udp.checksum, 0);
  EXPECT_NE(headers.ip.checksum, 0);
  EXPECT_EQ(classify(frame, golden::at_neighbour, {}).kind, FrameKind::datagram);
}

TEST(UdpFramer, NeverSaysUnaskedThatThereIsNoChecksum) {
  // A payload that makes the sum come out as zero, which in UDP would mean "not computed".
  Bytes model = golden::unicast;
  model.resize(golden::headers_bytes + 2, std::byte{0});
  model[golden::headers_bytes] = model[golden::headers_bytes + 1] = std::byte{0};
  const Bytes plain = written(model, golden::neighbour.mac, golden::neighbour_endpoint);
  model[golden::headers_bytes] = plain[40];
  model[golden::headers_bytes + 1] = plain[41];
  const Bytes frame = written(model, golden::neighbour.mac, golden::neighbour_endpoint);
  EXPECT_EQ(frame[40], std::byte{0xff});
  EXPECT_EQ(frame[41], std::byte{0xff});
  EXPECT_EQ(classify(frame, golden::at_neighbour, {}).kind, FrameKind::datagram);
}

TEST(UdpFramer, IsUnderstoodByTheClassifierAtEveryLength) {
  std::mt19937 dice(3);
  const UdpFramer framer(golden::self_endpoint, golden::self.mac, {});
  for (std::size_t size = 0; size <= 1472; ++size) {
    Bytes payload(size);
    for (std::byte& byte : payload) byte = static_cast<std::byte>(dice());
    const Bytes frame =
        testing::framed(framer, payload, golden::neighbour.mac, golden::neighbour_endpoint);
    const Classified found = classify(frame, golden::at_neighbour, {});
    ASSERT_EQ(found.kind, FrameKind::datagram) << size;
    ASSERT_EQ(found.offset, golden::headers_bytes);
    ASSERT_EQ(found.bytes, size);
    ASSERT_EQ(found.source, golden::self_endpoint);
  }
}

TEST(MacAddress, IsSpelledInHex) { EXPECT_EQ(to_string(golden::self.mac), "02:6d:0a:4d:00:01"); }

TEST(MacAddress, OfAMemberFollowsFromItsAddress) {
  EXPECT_EQ(derived_mac(golden::self.address), golden::self.mac);
}

TEST(MacAddress, OfAGroupHasItsLastBits) {
  EXPECT_EQ(to_string(multicast_mac(0xef4d0001)), "01:00:5e:4d:00:01");
  EXPECT_EQ(to_string(multicast_mac(0xe0ffffff)), "01:00:5e:7f:ff:ff");
  EXPECT_EQ(to_string(multicast_mac(golden6::group_address)), "33:33:00:77:00:01");
}

}  // namespace
}  // namespace muster::dpdk
