// A member at the end of a wire, whose other end is ours.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include <gtest/gtest.h>

#include "dpdk_transport/dpdk_transport.h"
#include "tests/dpdk_transport/golden.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk::testing {

class AMember : public ::testing::Test {
 protected:
  void SetUp() override { plug_in(UdpChecksum::always); }
  void plug_in(UdpChecksum udp_checksum, const Route& route = {}, std::uint16_t vlan = untagged) {
    start_eal(eal);
    member_.reset();
    wire_.reset();
    pool_ = std::make_unique<FramePool>(512);
    wire_ = std::make_unique<RawPort>(RawPortConfig{.device = memif("server", folder_ / "s", 0, 0)},
                                      *pool_);
    member_ = std::make_unique<DpdkTransport>(
        DpdkTransportConfig{.eal = eal,
                            .device = memif("client", folder_ / "s", 0, 1),
                            .self = golden::self_endpoint,
                            .group = golden::group,
                            .route = route,
                            .vlan = vlan,
                            .pool_packets = 1024,
                            .udp_checksum = udp_checksum});
    ASSERT_TRUE(eventually([&] { return wire_->link_up() && member_->link_up(); }));
    EXPECT_EQ(member_->receive({}), 0U);  // a memif client makes room for frames when it polls
  }

  golden::Bytes heard() {
    std::array<Frame*, 1> burst{};
    if (!eventually([&] { return wire_->receive(burst) == 1; })) return {};
    const auto frame = bytes(*burst[0]);
    golden::Bytes copy(frame.begin(), frame.end());
    free_frame(burst[0]);
    return copy;
  }
  void announcements_heard() {
    for (int i = 0; i < 3; ++i) heard();
  }
  bool put_on_wire(const golden::Bytes& frame) {
    std::array<Frame*, 1> burst = {pool_->allocate()};
    if (burst[0] == nullptr || !resize(*burst[0], frame.size())) return false;
    std::copy(frame.begin(), frame.end(), bytes(*burst[0]).begin());
    return wire_->send(burst) == 1;
  }
  /// The member takes the frame in, and sends whatever it has to say to it.
  std::size_t say(const golden::Bytes& frame) {
    if (!put_on_wire(frame)) return 0;
    std::array<Packet*, 4> packets{};
    const std::size_t count = member_->receive(packets);
    for (std::size_t i = 0; i < count; ++i) member_->release(*packets[i]);
    member_->flush();
    return count;
  }
  Packet& packet_with(std::string_view text) {
    Packet* packet = member_->allocate();
    std::copy_n(reinterpret_cast<const std::byte*>(text.data()), text.size(), packet->data);
    packet->size = static_cast<std::uint32_t>(text.size());
    return *packet;
  }
  void transmit_to(const Endpoint& peer, std::string_view text) {
    Packet& packet = packet_with(text);
    packet.peer = peer;
    member_->transmit(packet);
    member_->flush();
  }

  TemporaryFolder folder_;
  std::unique_ptr<FramePool> pool_;
  std::unique_ptr<RawPort> wire_;
  std::unique_ptr<DpdkTransport> member_;
};

}  // namespace muster::dpdk::testing
