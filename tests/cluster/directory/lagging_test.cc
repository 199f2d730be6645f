// An application that lags behind sets the pace: while Events::ready() says no, nothing more is
// asked for, swept or withdrawn, and the member heartbeats as ever (I12).
#include <algorithm>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/directories.h"

namespace muster {
namespace {

using test::Segment;
using wire::Type;

struct Lagging : test::Directories {
  static constexpr std::uint32_t bindings_per_step = 10;

  static void in_small_steps(MemberConfig& config) {
    config.directory.bindings_per_step = bindings_per_step;
    config.directory.answer_pages_max = 4;
  }
  static void forgets_withdrawals(MemberConfig& config) {
    config.directory.tombstone_bytes_max = 0;
  }
  static std::uint64_t sent(const Segment::Host& host, Type type) {
    return host.member->stats().sent[static_cast<std::size_t>(type)];
  }
  void bind_many(Segment::Host& host, int count) {
    for (int i = 0; i < count; ++i) bind(host, "/s/" + std::to_string(i), std::string(500, 'v'));
  }
  /// A second in which the application is not ready; all heartbeats are said in time.
  void lag(Segment::Host& host) {
    host.events.ready_now = false;
    const DurationNs interval = host.config.membership.heartbeat_interval_ns;
    const std::uint64_t before = sent(host, Type::heartbeat);
    segment.run_for(second);
    const std::uint64_t beats = sent(host, Type::heartbeat) - before;
    EXPECT_GE(beats + 1, second / interval);
    EXPECT_LE(beats, second / interval + 1);
  }
  void catch_up_with(Segment::Host& host) {
    host.events.ready_now = true;
    segment.run_for(second);
  }
  static std::size_t told(const Segment::Host& host, std::string_view what) {
    return static_cast<std::size_t>(std::ranges::count_if(
        host.events.heard, [what](const std::string& line) { return line.starts_with(what); }));
  }
};

TEST_F(Lagging, AsksForNothing) {
  lose(bob, Type::advertisement, 1000);
  bind_many(ann, 200);
  lag(bob);
  EXPECT_EQ(sent(bob, Type::sync_request), 0U);
  EXPECT_EQ(told(bob, "bound"), 0U);
  catch_up_with(bob);
  EXPECT_TRUE(has_copy(bob, ann));
}

TEST_F(Lagging, AsksForNoFurtherPageInTheMiddleOfAnAnswer) {
  auto& eve = segment.start("eve", in_small_steps);
  segment.run_for(second);
  lose(eve, Type::advertisement, 1000);
  bind_many(ann, 200);
  ASSERT_TRUE(segment.run_until([&] { return told(eve, "bound") > 0; }));
  const std::uint64_t requests = sent(eve, Type::sync_request);
  lag(eve);
  EXPECT_EQ(sent(eve, Type::sync_request), requests);
  EXPECT_FALSE(eve.member->directory().replica(ann.member->self().id)->settled());
  EXPECT_LT(told(eve, "bound"), 20U) << "what one request asks for, and no more";
  catch_up_with(eve);
  EXPECT_TRUE(has_copy(eve, ann));
}

TEST_F(Lagging, AsksForNoFurtherPageOfAStatedump) {
  bind_many(ann, 200);
  segment.run_for(second);
  auto& eve = segment.start("eve", in_small_steps);
  ASSERT_TRUE(segment.run_until([&] { return told(eve, "bound") > 0; }));
  const std::uint64_t requests = sent(eve, Type::sync_request);
  lag(eve);
  EXPECT_EQ(sent(eve, Type::sync_request), requests);
  EXPECT_FALSE(eve.member->directory().synchronized());
  EXPECT_EQ(eve.member->directory().stats().sources_abandoned, 0U)
      << "it is not the source's fault";
  catch_up_with(eve);
  EXPECT_TRUE(has_copy(eve, ann));
  EXPECT_TRUE(eve.member->directory().synchronized());
}

TEST_F(Lagging, SweepsNoFurther) {
  auto& dan = segment.start("dan", forgets_withdrawals);
  auto& eve = segment.start("eve", in_small_steps);
  bind_many(dan, 100);
  bind(dan, "/kept");
  segment.run_for(second);
  ASSERT_TRUE(has_copy(eve, dan));
  lose(eve, Type::advertisement, 1000);
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(dan.member->withdraw("/s/" + std::to_string(i)), BindResult::changed);
  ASSERT_TRUE(segment.run_until([&] { return told(eve, "withdrawn") > 0; }));
  const std::size_t swept = told(eve, "withdrawn");
  lag(eve);
  EXPECT_EQ(told(eve, "withdrawn"), swept);
  EXPECT_FALSE(has_copy(eve, dan));
  catch_up_with(eve);
  EXPECT_TRUE(has_copy(eve, dan));
  EXPECT_EQ(told(eve, "withdrawn"), 100U);
}

TEST_F(Lagging, WithdrawsNoMoreOfARemovedMember) {
  auto& eve = segment.start("eve", in_small_steps);
  bind_many(ann, 100);
  segment.run_for(second);
  ASSERT_TRUE(has_copy(eve, ann));
  ann.member->leave(segment.now());
  ASSERT_TRUE(segment.run_until([&] { return told(eve, "withdrawn") > 0; }));
  const std::size_t withdrawn = told(eve, "withdrawn");
  lag(eve);
  EXPECT_EQ(told(eve, "withdrawn"), withdrawn);
  EXPECT_TRUE(eve.member->directory().still_leaving(ann.member->self().id));
  EXPECT_FALSE(eve.events.has("left ann"));
  catch_up_with(eve);
  EXPECT_EQ(told(eve, "withdrawn"), 100U);
  EXPECT_TRUE(eve.events.has("left ann"));
}

TEST_F(Lagging, HearsNothingOfAMemberThatHadLittleEither) {
  bind(ann, "/a");
  segment.run_for(second);
  bob.events.ready_now = false;
  ann.member->leave(segment.now());
  segment.run_for(second);
  EXPECT_EQ(told(bob, "withdrawn"), 0U);
  EXPECT_TRUE(bob.member->directory().still_leaving(ann.member->self().id));
  catch_up_with(bob);
  EXPECT_EQ(told(bob, "withdrawn"), 1U);
  EXPECT_TRUE(bob.events.has("left ann"));
}

/// I12: what one call tells has a limit, however many are removed in it.
TEST_F(Lagging, HearsInOneStepOfAllWhoDieAtOnce) {
  auto& eve = segment.start("eve", in_small_steps);
  std::vector<Segment::Host*> others;
  others.reserve(6);
  for (int i = 0; i < 6; ++i) others.push_back(&segment.start("m" + std::to_string(i)));
  segment.run_for(second);
  constexpr int each = 8;  // less than a step
  for (Segment::Host* other : others) bind_many(*other, each);
  segment.run_for(second);
  for (Segment::Host* other : others) ASSERT_TRUE(has_copy(eve, *other));
  for (Segment::Host* other : others) segment.crash(*other);
  std::size_t most = 0;
  std::size_t before = 0;
  EXPECT_TRUE(segment.run_until([&] {
    const std::size_t now = told(eve, "withdrawn");
    most = std::max(most, now - std::exchange(before, now));
    return told(eve, "died") == others.size();
  }));
  EXPECT_EQ(before, each * others.size());
  EXPECT_LE(most, bindings_per_step);
  EXPECT_EQ(eve.member->directory().leaving(), 0U);
}

/// I13: whoever goes while the application lags leaves a copy, and others may come and go.
TEST_F(Lagging, TakesInNobodyInPlaceOfWhomItHasNotHeardToHaveGone) {
  auto& eve = segment.start("eve", [](MemberConfig& config) {
    in_small_steps(config);
    config.membership.members_max = 4;
  });
  bind_many(ann, 100);
  segment.run_for(second);
  ASSERT_TRUE(has_copy(eve, ann));
  eve.events.ready_now = false;
  ann.member->leave(segment.now());
  segment.start("dan");
  segment.run_for(second);
  EXPECT_EQ(eve.member->directory().leaving(), 1U);
  EXPECT_FALSE(eve.events.has("joined dan"));
  EXPECT_GT(eve.member->membership().stats().over_limit, 0U);
  catch_up_with(eve);
  EXPECT_TRUE(eve.events.has("left ann"));
  EXPECT_TRUE(eve.events.has("joined dan"));
}

}  // namespace
}  // namespace muster
