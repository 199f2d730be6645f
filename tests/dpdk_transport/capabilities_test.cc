#include "dpdk_transport/capabilities.h"

#include <gtest/gtest.h>

namespace muster::dpdk {
namespace {

using Sentences = std::vector<std::string>;

constexpr Capabilities all = {.offloads = {.tx_ip_checksum = true,
                                           .tx_udp_checksum = true,
                                           .rx_ip_checksum = true,
                                           .rx_udp_checksum = true},
                              .rx_descriptors = 512,
                              .tx_descriptors = 512};

TEST(Capabilities, ThatAreAllThereAreNotSpokenOf) {
  EXPECT_EQ(what_is_lowered(all, {512, 512}), Sentences());
  EXPECT_EQ(what_is_lowered(all, {256, 128}), Sentences());
}

TEST(Capabilities, ThatAreMissingAreNamed) {
  Capabilities some = all;
  some.offloads.tx_udp_checksum = some.offloads.rx_ip_checksum = false;
  some.rx_descriptors = 256;
  some.pieces = true;
  some.groups = GroupFilter::all_groups;
  some.vlan_filter = false;
  EXPECT_EQ(what_is_lowered(some, {512, 512}),
            (Sentences{"checksums to send: UDP in software", "checksums received: IPv4 in software",
                       "receive queue: 256 frames, not 512",
                       "long frames received: they may come in pieces, joined in software",
                       "multicast filter: all groups, the rest in software",
                       "VLAN filter: in software"}));
}

TEST(Capabilities, AreFewerWherePacketsLieFarFromThePort) {
  Capabilities far = all;
  far.near_memory = false;
  EXPECT_EQ(what_is_lowered(far, {512, 512, 1, 1}),
            Sentences{"packet memory: on any node, as node 1 has none for it"});
  EXPECT_EQ(what_is_lowered(all, {512, 512, 1, 1}), Sentences());
}

TEST(Capabilities, OfAPortWithFewerQueuesAreNamed) {
  Capabilities some = all;
  some.queues = 2;
  EXPECT_EQ(what_is_lowered(some, {512, 512, 2}), Sentences());
  EXPECT_EQ(what_is_lowered(some, {512, 512, 4}), Sentences{"queues: 2, not 4"});
  some.spreads = false;
  EXPECT_EQ(what_is_lowered(some, {512, 512, 2}),
            Sentences{"RSS: none, the port fills its queues as it likes"});
}

TEST(Capabilities, ThatNobodyWishedForAreNotMissed) {
  EXPECT_EQ(what_is_lowered(all, {512, 512, 1, {}, true}),
            Sentences{"receive interrupts: none, its queue has to be polled"});
  EXPECT_EQ(what_is_lowered(all, {512, 512, 1, {}, false, true}),
            Sentences{"multi-segment to send: none, long messages are copied into packets"});
  Capabilities some = all;
  some.receive_interrupts = some.offloads.tx_pieces = true;
  EXPECT_EQ(what_is_lowered(some, {512, 512, 1, {}, true, true}), Sentences());
}

TEST(Capabilities, OfAPortWithoutAnyAreAllNamed) {
  const Capabilities none{.offloads = {}, .groups = GroupFilter::none};
  EXPECT_EQ(
      what_is_lowered(none, {512, 512}),
      (Sentences{"checksums to send: IPv4 and UDP in software",
                 "checksums received: IPv4 and UDP in software", "receive queue: 0 frames, not 512",
                 "send queue: 0 frames, not 512", "multicast filter: none, the rest in software"}));
}

}  // namespace
}  // namespace muster::dpdk
