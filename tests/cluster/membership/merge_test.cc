// After a partition all is one cluster again within the bound of docs/protocol.md §5.11, whichever
// sizes the sides have, whichever ids and addresses, and with or without multicast.
#include <gtest/gtest.h>

#include "cluster/membership/contacts.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::Segment;

enum class Reach { all, nobody, some };

struct Sides {
  std::size_t small;
  bool low_addresses;  ///< the small side has the low addresses, or the high ones
  Reach reach;
};
std::ostream& operator<<(std::ostream& out, const Sides& sides) {
  constexpr const char* reaches[] = {"multicast", "unicast", "mixed"};
  return out << sides.small << "_of_8_" << (sides.low_addresses ? "low_" : "high_")
             << reaches[static_cast<std::size_t>(sides.reach)];
}

class Merge : public testing::TestWithParam<Sides> {
 protected:
  static constexpr std::size_t members = 8;

  Merge() {
    for (std::size_t i = 0; i < members; ++i)
      hosts_.push_back(&segment_.start("m" + std::to_string(i), [&](MemberConfig& config) {
        config.multicast = hears_group(i);
        // The one seed is on the side of the high addresses.
        if (GetParam().reach != Reach::all) config.seeds = {{0x0a4d0000 + members, 7777}};
      }));
    segment_.run_for(2 * second);
  }
  static bool hears_group(std::size_t i) {
    return GetParam().reach == Reach::all || (GetParam().reach == Reach::some && i % 3 != 0);
  }
  bool small_side(const Segment::Host& host) const {
    const auto place = static_cast<std::size_t>(std::ranges::find(hosts_, &host) - hosts_.begin());
    return GetParam().low_addresses ? place < GetParam().small
                                    : place >= members - GetParam().small;
  }
  bool whole() const {
    return std::ranges::all_of(hosts_, [](const Segment::Host* host) {
      const Membership& membership = host->member->membership();
      return membership.peers().size() == members - 1 && membership.views_agree();
    });
  }
  bool apart() const {
    return std::ranges::all_of(hosts_, [&](const Segment::Host* host) {
      const std::size_t side = small_side(*host) ? GetParam().small : members - GetParam().small;
      return host->member->membership().peers().size() == side - 1;
    });
  }

  Segment segment_;
  std::vector<Segment::Host*> hosts_;
};

TEST_P(Merge, EndsInOneClusterWithinItsBound) {
  ASSERT_TRUE(whole());
  segment_.filter = [&](const Segment::Transit& transit) {
    return small_side(transit.from) == small_side(transit.to);
  };
  ASSERT_TRUE(segment_.run_until([&] { return apart(); }));
  segment_.run_for(5 * second);
  EXPECT_TRUE(apart());
  segment_.filter = {};
  const TimeNs healed = segment_.now();
  ASSERT_TRUE(segment_.run_until([&] { return whole(); }));
  const DurationNs beat = hosts_.front()->config.membership.heartbeat_interval_ns;
  const bool multicast = GetParam().reach == Reach::all;
  const std::uint64_t contacts = multicast ? 0 : GetParam().small + 1;
  RecordProperty("heartbeats", static_cast<int>((segment_.now() - healed) / beat));
  EXPECT_LE(segment_.now() - healed, (multicast ? 3 : contacts + 10) * beat);
  const bool halves = 2 * GetParam().small == members;
  for (const auto* host : hosts_)
    EXPECT_LE(host->member->membership().stats().reincarnations,
              halves || small_side(*host) ? 1u : 0u)
        << host->config.name;
}

/// One that hears nobody for a while has lost all others, who have lost nothing.
struct MergeOfOne : Merge {};
TEST_P(MergeOfOne, MakesItBeginAnewAndNobodyElse) {
  segment_.filter = [&](const Segment::Transit& transit) { return !small_side(transit.to); };
  const auto deaf = std::ranges::find_if(hosts_, [&](auto* host) { return small_side(*host); });
  ASSERT_TRUE(segment_.run_until([&] { return (*deaf)->member->membership().peers().empty(); }));
  segment_.filter = {};
  ASSERT_TRUE(segment_.run_until([&] { return whole(); }));
  for (const auto* host : hosts_) {
    const MembershipStats& stats = host->member->membership().stats();
    EXPECT_EQ(stats.reincarnations, host == *deaf ? 1u : 0u) << host->config.name;
    EXPECT_EQ(stats.removals, host == *deaf ? members - 1 : 1u) << host->config.name;
  }
}

/// It hears two of them for a moment, and one of these is the next that it loses.
TEST_P(MergeOfOne, MakesNobodyElseBeginAnewThoughItIsCutOffAgain) {
  const auto deaf = std::ranges::find_if(hosts_, [&](auto* host) { return small_side(*host); });
  Segment::Host& victim = **deaf;
  const auto alone = [&] { return victim.member->membership().peers().empty(); };
  std::size_t heard = 0;
  segment_.filter = [&](const Segment::Transit& transit) {
    if (&transit.to != &victim) return true;
    if (heard == 0 || transit.type != wire::Type::heartbeat) return false;
    --heard;
    return true;
  };
  ASSERT_TRUE(segment_.run_until(alone));
  heard = 3;
  ASSERT_TRUE(segment_.run_until([&] { return !alone(); }));
  ASSERT_TRUE(segment_.run_until(alone));
  segment_.filter = {};
  ASSERT_TRUE(segment_.run_until([&] { return whole(); }));
  for (const auto* host : hosts_) {
    if (host == &victim) continue;
    EXPECT_EQ(host->member->membership().stats().reincarnations, 0u) << host->config.name;
  }
}

std::vector<Sides> all_sides(std::initializer_list<std::size_t> sizes) {
  std::vector<Sides> all;
  for (const Reach reach : {Reach::all, Reach::nobody, Reach::some})
    for (const std::size_t small : sizes)
      for (const bool low : {true, false}) all.push_back({small, low, reach});
  return all;
}
INSTANTIATE_TEST_SUITE_P(Sides, Merge, testing::ValuesIn(all_sides({1, 2, 4})),
                         testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(Sides, MergeOfOne, testing::ValuesIn(all_sides({1})),
                         testing::PrintToStringParamName());

/// Five that know each other; who was cut off is told by how many one has lost at once.
struct Lost : testing::Test {
  Segment segment;
  std::vector<Segment::Host*> hosts;

  Lost() {
    for (const auto* name : {"ann", "bob", "cid", "dan", "eve"})
      hosts.push_back(&segment.start(name));
    segment.run_for(2 * second);
  }
  Segment::Host& ann() { return *hosts.front(); }
  Segment::Host& eve() { return *hosts.back(); }
  static std::uint64_t reincarnations(const Segment::Host& host) {
    return host.member->membership().stats().reincarnations;
  }
};

TEST_F(Lost, OneNowAndOneThenDoNotAddUp) {
  for (int i = 0; i < 8; ++i) {
    auto& pod = segment.start("pod" + std::to_string(i));
    segment.run_for(2 * second);
    segment.crash(pod);
    segment.run_for(10 * second);
  }
  segment.pause(eve());
  segment.run_for(second);
  segment.resume(eve());
  segment.run_for(second);
  for (const auto* host : hosts) {
    EXPECT_EQ(reincarnations(*host), host == &eve() ? 1u : 0u) << host->config.name;
    EXPECT_EQ(host->member->membership().peers().size(), 4u) << host->config.name;
  }
}

/// The others have died, but this one left in good order: only a packet of it was late.
TEST_F(Lost, WhoHasLeftIsNotHeardAgain) {
  for (std::size_t i = 1; i <= 3; ++i) segment.crash(*hosts[i]);
  segment.run_for(2 * second);
  ASSERT_EQ(ann().member->membership().peers().size(), 1u);
  std::vector<std::byte> late;
  segment.filter = [&](const Segment::Transit& transit) {
    if (&transit.from == &eve() && transit.type == wire::Type::heartbeat && late.empty())
      late.assign(transit.bytes.begin(), transit.bytes.end());
    return true;
  };
  segment.run_for(second);
  ASSERT_FALSE(late.empty());
  eve().member->leave(segment.now());
  segment.run_for(second);
  ASSERT_TRUE(ann().member->membership().peers().empty());
  Packet& packet = ann().port.received(eve().config.self, late);
  ann().member->on_packet(segment.now(), packet);
  ann().port.release(packet);
  EXPECT_EQ(reincarnations(ann()), 0u);
}

}  // namespace
}  // namespace muster
