// Changes that do not fit a packet, attributes, batches, and withdrawing everything.
#include <gtest/gtest.h>

#include "cluster/directory/directory.h"
#include "cluster/wire/path.h"
#include "tests/cluster/support/directories.h"

namespace muster {
namespace {

using test::bytes;
using wire::Type;

struct LargeChanges : test::Directories {};

AttributeSet zone(std::string_view where) {
  AttributeSet attributes;
  EXPECT_TRUE(attributes.set("zone", where));
  return attributes;
}
const TreeEntry* held(const test::Segment::Host& at, const test::Segment::Host& owner,
                      std::string_view path) {
  return at.member->directory().replica(owner.member->self().id)->tree().find(path);
}

TEST_F(LargeChanges, ReachAllByAdvertisementsAndWhoMissedAPieceByAnAnswer) {
  std::string value(wire::value_bytes_max, 'v');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>('a' + i % 23);
  int lost = 0;
  segment.filter = [&](const test::Segment::Transit& transit) {
    return &transit.to != &bob || transit.type != Type::advertisement || ++lost != 20;
  };
  ASSERT_EQ(ann.member->bind("/large", bytes(value), zone("eu").view()), BindResult::changed);
  segment.run_for(10 * ms);
  EXPECT_TRUE(cid.events.has("bound ann /large=" + value)) << "by advertisements";
  segment.run_for(second);
  EXPECT_TRUE(bob.events.has("bound ann /large=" + value)) << "by an answer";
  for (auto* host : {&bob, &cid}) {
    ASSERT_NE(held(*host, ann, "/large"), nullptr);
    EXPECT_EQ(held(*host, ann, "/large")->content().attributes.get("zone"), "eu");
    EXPECT_TRUE(has_copy(*host, ann));
  }
}

TEST_F(LargeChanges, OfAttributesAloneAreChanges) {
  bind(ann, "/db", "1");
  ASSERT_EQ(ann.member->bind("/db", bytes("1"), zone("eu").view()), BindResult::changed);
  EXPECT_EQ(ann.member->bind("/db", bytes("1"), zone("eu").view()), BindResult::unchanged);
  ASSERT_EQ(ann.member->bind("/db", bytes("1"), zone("us").view()), BindResult::changed);
  segment.run_for(second);
  EXPECT_EQ(held(bob, ann, "/db")->content().attributes.get("zone"), "us");
  EXPECT_TRUE(has_copy(bob, ann));
}

// docs/protocol.md §6.2.
TEST_F(LargeChanges, OfABatchBecomeVisibleTogether) {
  bind(ann, "/old");
  segment.run_for(second);
  Batch batch;
  for (int i = 0; i < 50; ++i) batch.bind("/s/" + std::to_string(i), bytes(std::string(300, 'v')));
  batch.withdraw("/old");
  ASSERT_EQ(ann.member->apply(batch), BindResult::changed);
  std::set<Version> versions;
  const auto& tree = bob.member->directory().replica(ann.member->self().id)->tree();
  ASSERT_TRUE(segment.run_until([&] {
    versions.insert(tree.version());
    return tree.version() == 52;
  }));
  EXPECT_EQ(versions, (std::set<Version>{1, 52}));
  for (auto* host : {&ann, &bob}) {
    const auto& heard = host->events.heard;
    const auto begin = std::ranges::find(heard, "batch ann");
    const auto end = std::ranges::find(heard, "end of batch ann");
    EXPECT_EQ(end - begin, 52) << "fifty bound, one withdrawn, nothing else";
    EXPECT_EQ(heard.end() - end, 1);
  }
}

TEST_F(LargeChanges, OfABatchThatLostAPacketAreFetchedTogether) {
  Batch batch;
  for (int i = 0; i < 50; ++i) batch.bind("/s/" + std::to_string(i), bytes(std::string(300, 'v')));
  lose(bob, Type::advertisement);
  ASSERT_EQ(ann.member->apply(batch), BindResult::changed);
  const auto& replica = *bob.member->directory().replica(ann.member->self().id);
  ASSERT_TRUE(segment.run_until([&] {
    EXPECT_TRUE(!replica.settled() || replica.tree().version() % 50 == 0);
    return has_copy(bob, ann);
  }));
  // It knew that there was nothing: so it shows all of the first batch, or none of it.
  const auto& heard = bob.events.heard;
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(heard.back(), "end of batch ann");
  EXPECT_EQ(std::ranges::find(heard, "batch ann"), heard.end() - 52) << "fifty bound in between";
}

TEST_F(LargeChanges, AreRefusedAsAWholeWhereOneOfThemIs) {
  Batch batch;
  batch.bind("/good", bytes("1"));
  batch.bind("bad", bytes("2"));
  EXPECT_EQ(ann.member->apply(batch), BindResult::invalid_path);
  EXPECT_EQ(ann.member->directory().own().version(), 0U);
  Batch many;
  for (std::size_t i = 0; i <= Batch::changes_max; ++i) many.withdraw("/x");
  EXPECT_EQ(ann.member->apply(many), BindResult::too_large);
  EXPECT_EQ(ann.member->apply(Batch()), BindResult::unchanged);
}

TEST_F(LargeChanges, AreBoundedInTheLogAndTheForgottenAreFetched) {
  auto& dan = segment.start(
      "dan", [](MemberConfig& config) { config.directory.change_log_bytes_max = 1000; });
  segment.run_for(second);
  for (int i = 0; i < 50; ++i) bind(dan, "/s/" + std::to_string(i), std::string(300, 'v'));
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, dan));
  EXPECT_GT(bob.member->directory().stats().requests, 0U);
}

TEST_F(LargeChanges, LeaveInSeveralCyclesWhereTheyAreMany) {
  for (int i = 0; i < 4; ++i)
    bind(ann, "/s/" + std::to_string(i), std::string(wire::value_bytes_max, 'v'));
  ann.member->transmit(segment.now());
  EXPECT_EQ(ann.port.take_transmitted().size(), 64U);
  EXPECT_EQ(ann.member->next_deadline(), segment.now()) << "the rest is due at once";
}

TEST_F(LargeChanges, OfEverythingAreOneChange) {
  for (int i = 0; i < 20; ++i) bind(ann, "/s/" + std::to_string(i));
  segment.run_for(second);
  segment.transcript.clear();
  ASSERT_EQ(ann.member->withdraw_all(segment.now()), BindResult::changed);
  EXPECT_EQ(ann.member->withdraw_all(segment.now()), BindResult::unchanged);
  segment.run_for(second);
  EXPECT_EQ(segment.transcript, std::vector<std::string>{"ann -> * advertisement"});
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(bob.events.heard.back(), "end of batch ann");
  EXPECT_EQ(std::ranges::count_if(bob.events.heard,
                                  [](const auto& line) { return line.starts_with("withdrawn"); }),
            20);
}

/// Who has heard it misses nothing, however many steps it takes.
TEST_F(LargeChanges, OfEverythingInALargeTreeAreOneChangeToo) {
  auto& dan =
      segment.start("dan", [](MemberConfig& config) { config.directory.bindings_per_step = 3; });
  for (int i = 0; i < 20; ++i) bind(ann, "/s/" + std::to_string(i));
  segment.run_for(second);
  segment.transcript.clear();
  ASSERT_EQ(ann.member->withdraw_all(segment.now()), BindResult::changed);
  segment.run_for(second);
  EXPECT_EQ(segment.transcript, std::vector<std::string>{"ann -> * advertisement"});
  EXPECT_TRUE(has_copy(dan, ann));
  EXPECT_EQ(dan.events.heard.back(), "end of batch ann");
  bind(ann, "/new");
  segment.run_for(second);
  EXPECT_TRUE(has_copy(dan, ann));
}

TEST_F(LargeChanges, OfEverythingThatWereLostAreFetchedAsASmallTree) {
  for (int i = 0; i < 200; ++i) bind(ann, "/s/" + std::to_string(i), std::string(300, 'v'));
  segment.run_for(second);
  segment.transcript.clear();
  lose(bob, Type::advertisement);
  ASSERT_EQ(ann.member->withdraw_all(segment.now()), BindResult::changed);
  bind(ann, "/new");
  segment.run_for(second);
  EXPECT_TRUE(has_copy(bob, ann));
  EXPECT_EQ(std::ranges::count(segment.transcript, "ann -> bob sync_answer"), 1);
}

}  // namespace
}  // namespace muster
