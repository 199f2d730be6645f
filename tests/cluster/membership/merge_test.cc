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

}  // namespace
}  // namespace muster
