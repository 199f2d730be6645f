#include <gtest/gtest.h>

#include "tests/tools/fabric_frames.h"
#include "tools/fabric/forwarder.h"

namespace muster::fabric::test {
namespace {

class ForwarderTest : public testing::Test {
 public:
  /// The ports that a frame leaves by, in the order it does.
  std::vector<int> ports(Mac to, Mac from, PortIndex entered,
                         wire::Type type = wire::Type::heartbeat) {
    std::vector<int> out;
    const auto info = inspect(muster_frame(to, from, type));
    for (const Departure& departure : forwarder.forward(*info, entered, now))
      out.push_back(departure.to);
    return out;
  }
  std::uint64_t dropped(PortIndex port, Drop cause) const {
    return forwarder.counters()[port].dropped[static_cast<std::size_t>(cause)];
  }
  void learn_stations() {
    for (PortIndex port = 0; port < 4; ++port) ports(group_mac, station(port), port);
  }

  Forwarder forwarder{SwitchConfig{.ports = 4}};
  TimeNs now = 0;
};

using Ports = std::vector<int>;

TEST_F(ForwarderTest, FloodsWhatIsUnknownButNotBack) {
  EXPECT_EQ(ports(station(9), station(1), 1), (Ports{0, 2, 3}));
}

TEST_F(ForwarderTest, LearnsWhereAStationIs) {
  ports(station(9), station(1), 1);
  EXPECT_EQ(ports(station(1), station(2), 2), (Ports{1}));
}

TEST_F(ForwarderTest, FloodsAgainOnceAStationWasSilent) {
  ports(station(9), station(1), 1);
  now += SwitchConfig{}.age_ns;
  EXPECT_EQ(ports(station(1), station(2), 2), (Ports{0, 1, 3}));
}

TEST_F(ForwarderTest, FloodsAGroup) {
  learn_stations();
  EXPECT_EQ(ports(group_mac, station(1), 1), (Ports{0, 2, 3}));
}

TEST_F(ForwarderTest, DoesNotReflect) {
  ports(group_mac, station(1), 1);
  EXPECT_EQ(ports(station(1), station(5), 1), Ports{});
  EXPECT_EQ(dropped(1, Drop::own_port), 1U);
}

TEST_F(ForwarderTest, LosesAtOneReceiverOnly) {
  forwarder.faults().links[2].out.faults().loss = 1;
  EXPECT_EQ(ports(group_mac, station(0), 0), (Ports{1, 3}));
  EXPECT_EQ(dropped(2, Drop::loss), 1U);
  EXPECT_EQ(dropped(0, Drop::loss), 0U);
}

TEST_F(ForwarderTest, LosesAtTheSenderForEverybodyAndLearnsNothing) {
  forwarder.faults().links[0].in.faults().loss = 1;
  EXPECT_EQ(ports(group_mac, station(0), 0), Ports{});
  EXPECT_EQ(dropped(0, Drop::loss), 1U);
  EXPECT_EQ(ports(station(0), station(1), 1), (Ports{0, 2, 3}));
}

TEST_F(ForwarderTest, DoublesOnceForEachFaultyLinkCrossed) {
  learn_stations();
  forwarder.faults().links[0].in.faults().duplicate = 1;
  forwarder.faults().links[1].out.faults().duplicate = 1;
  EXPECT_EQ(ports(station(1), station(0), 0), (Ports{1, 1, 1, 1}));
  EXPECT_EQ(ports(station(2), station(0), 0), (Ports{2, 2}));
}

TEST_F(ForwarderTest, AddsTheDelaysOfBothLinks) {
  learn_stations();
  forwarder.faults().links[0].in.faults().delay_ns = 5;
  forwarder.faults().links[1].out.faults().delay_ns = 20;
  const auto info = inspect(muster_frame(station(1), station(0)));
  const auto departures = forwarder.forward(*info, 0, 100);
  ASSERT_EQ(departures.size(), 1U);
  EXPECT_EQ(departures[0], (Departure{1, 125}));
}

TEST_F(ForwarderTest, KeepsAPartitionsSidesApart) {
  learn_stations();
  forwarder.faults().connectivity.partition(std::vector<PortSet>{0b0011, 0b1100});
  EXPECT_EQ(ports(group_mac, station(0), 0), (Ports{1}));
  EXPECT_EQ(ports(station(2), station(0), 0), Ports{});
  EXPECT_EQ(dropped(2, Drop::partition), 2U);
  forwarder.faults().connectivity.heal();
  EXPECT_EQ(ports(station(2), station(0), 0), (Ports{2}));
}

TEST_F(ForwarderTest, CutsOneDirection) {
  learn_stations();
  forwarder.faults().connectivity.cut(0, 1);
  EXPECT_EQ(ports(station(1), station(0), 0), Ports{});
  EXPECT_EQ(ports(station(0), station(1), 1), (Ports{0}));
  EXPECT_EQ(dropped(1, Drop::cut), 1U);
}

TEST_F(ForwarderTest, DropsTheNextAdvertisementToOneMemberOnly) {
  forwarder.faults().rules.add({.kind = kind_named("advertisement"), .from = {}, .to = 2});
  EXPECT_EQ(ports(group_mac, station(0), 0), (Ports{1, 2, 3}));
  EXPECT_EQ(ports(group_mac, station(0), 0, wire::Type::advertisement), (Ports{1, 3}));
  EXPECT_EQ(ports(group_mac, station(0), 0, wire::Type::advertisement), (Ports{1, 2, 3}));
  EXPECT_EQ(dropped(2, Drop::rule), 1U);
}

TEST_F(ForwarderTest, DropsTheNextAdvertisementForEverybody) {
  forwarder.faults().rules.add({.kind = kind_named("advertisement"), .from = 0, .to = {}});
  EXPECT_EQ(ports(group_mac, station(1), 1, wire::Type::advertisement), (Ports{0, 2, 3}));
  EXPECT_EQ(ports(group_mac, station(0), 0, wire::Type::advertisement), Ports{});
  EXPECT_EQ(ports(group_mac, station(0), 0, wire::Type::advertisement), (Ports{1, 2, 3}));
  EXPECT_EQ(dropped(0, Drop::rule), 1U);
}

TEST_F(ForwarderTest, CountsWhatEntersByTypeAndByReach) {
  ports(group_mac, station(0), 0, wire::Type::advertisement);
  ports(station(1), station(0), 0, wire::Type::session);
  ports(station(1), station(0), 0, wire::Type::session);
  const Traffic& in = forwarder.counters()[0].in;
  EXPECT_EQ(in.frames, 3U);
  EXPECT_EQ(in.bytes, 3 * muster_frame(group_mac, station(0)).size());
  EXPECT_EQ(in.multicast[*kind_named("advertisement")], 1U);
  EXPECT_EQ(in.unicast[*kind_named("advertisement")], 0U);
  EXPECT_EQ(in.unicast[*kind_named("session")], 2U);
}

std::vector<Departure> world(std::uint64_t seed) {
  Forwarder forwarder({.ports = 4, .seed = seed});
  for (PortLink& link : forwarder.faults().links) {
    link.in.faults() = {.loss = 0.1, .duplicate = 0.1, .reorder = 0.2};
    link.out.faults() = {.loss = 0.1, .duplicate = 0.1, .reorder = 0.2, .delay_ns = 1000};
  }
  std::vector<Departure> all;
  for (unsigned i = 0; i < 1'000; ++i) {
    const auto info =
        inspect(muster_frame(i % 3 == 0 ? group_mac : station(i % 5), station(i % 4)));
    const auto departures = forwarder.forward(*info, static_cast<PortIndex>(i % 4), i * us);
    all.insert(all.end(), departures.begin(), departures.end());
  }
  return all;
}

TEST(Forwarder, DecidesTheSameForTheSameSeed) {
  EXPECT_EQ(world(7), world(7));
  EXPECT_NE(world(7), world(8));
}

TEST(Forwarder, UsesEveryPortOfTheLargestSwitch) {
  Forwarder forwarder({.ports = ports_max});
  const auto info = inspect(muster_frame(group_mac, station(1)));
  EXPECT_EQ(forwarder.forward(*info, ports_max - 1, 0).size(), ports_max - 1);
}

}  // namespace
}  // namespace muster::fabric::test
