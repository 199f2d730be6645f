#include <map>
#include <numeric>
#include <set>

#include "tests/node/world.h"

namespace muster::test {
namespace {

class NodeDirectory : public World {
 protected:
  /// "/x=1@a" for each binding below the prefix, as `at` has it.
  static std::vector<std::string> tree(Server& at, std::string_view prefix) {
    std::vector<std::string> all;
    at->list(prefix, [&](std::string_view path, const Bound& bound) {
      const MemberView* owner = at->member(bound.owner.id);
      all.push_back(fmt::format("{}={}@{}", path, text(bound.value), owner ? owner->name : "self"));
    });
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(BothWays, NodeDirectory, both_ways, mode_name);
using Strings = std::vector<std::string>;

TEST_P(NodeDirectory, ShowsEveryMembersBindingsToAll) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  EXPECT_EQ(a->advertise("/shop/pay", "1"), AdvertiseResult::done);
  EXPECT_EQ(b->advertise("/shop/pay", "2"), AdvertiseResult::done);
  EXPECT_EQ(b->advertise("/shop/ship", "3"), AdvertiseResult::done);
  ASSERT_TRUE(until([&] { return tree(a, "/").size() == 3 && tree(b, "/").size() == 3; }));
  EXPECT_EQ(tree(a, "/shop/ship"), Strings{"/shop/ship=3@b"});
  EXPECT_EQ(a->lookup("/shop/pay").size(), 2U);
  EXPECT_TRUE(a->lookup("/shop").empty());
  EXPECT_EQ(a->names(), 2U);
}

TEST_P(NodeDirectory, TellsALateMemberWhatItMissed) {
  NodeConfig with_services = config("a");
  with_services.services = {{"/shop/pay", "1"}, {"/shop/ship", "2"}};
  start(with_services);
  ASSERT_TRUE(settle());
  NodeConfig patient = config("b");
  patient.membership.join_listen_ns = 500 * ms;  // hears of the other first, however late it runs
  Server& b = start(patient);
  ASSERT_TRUE(settle());
  EXPECT_EQ(tree(b, "/"), (Strings{"/shop/pay=1@a", "/shop/ship=2@a"}));
  EXPECT_EQ(b.diary.entries.back(), "synchronized");
}

TEST_P(NodeDirectory, CountsEveryTreeWithItsVersionAndDigest) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  a->advertise("/x", "1");
  a->advertise("/x", "2");
  a->advertise("/y", "3");
  ASSERT_TRUE(until([&] { return tree(b, "/").size() == 2 && b->lookup("/x").size() == 1; }));
  std::vector<TreeStats> at_a, at_b;
  ASSERT_TRUE(until([&] {
    at_a = a->stats().trees;
    at_b = b->stats().trees;
    return at_a.size() == 2 && at_a[0].version == 3 && at_b.size() == 2 && at_b[1].version == 3;
  }));
  EXPECT_EQ(at_a[0].owner, a->self()) << "its own stands first";
  EXPECT_EQ(at_a[0].version, 3U);
  EXPECT_EQ(at_a[0].names, 2U);
  EXPECT_EQ(at_b[1].owner, a->self());
  EXPECT_EQ(at_b[1].version, at_a[0].version);
  EXPECT_EQ(at_b[1].digest, at_a[0].digest);
  EXPECT_NE(at_a[0].digest, at_a[1].digest) << "of an empty tree";
}

TEST_P(NodeDirectory, WithdrawsWhatALeavingMemberOffered) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  b->advertise("/x", "1");
  ASSERT_TRUE(until([&] { return a.diary.heard("bound /x=1"); }));
  b.node.reset();
  ASSERT_TRUE(until([&] { return a.diary.heard("removed b"); }));
  EXPECT_TRUE(a->lookup("/x").empty());
  const auto& entries = a.diary.entries;
  EXPECT_LT(std::ranges::find(entries, "withdrawn /x"), std::ranges::find(entries, "removed b"));
}

TEST_P(NodeDirectory, PicksThoseWhoBindANameInTurn) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  EXPECT_EQ(a->pick("/x"), std::nullopt);
  a->advertise("/x");
  b->advertise("/x");
  ASSERT_TRUE(until([&] { return a->lookup("/x").size() == 2; }));
  const auto first = a->pick("/x");
  const auto second_pick = a->pick("/x");
  EXPECT_NE(first->id, second_pick->id);
  EXPECT_EQ(a->pick("/x"), first);
}

TEST_P(NodeDirectory, PicksTheNearestOfThoseMeasuredAndFirstOfAllItself) {
  Server& a = start("a");
  Server& b = start("b");
  Server& c = start("c");
  ASSERT_TRUE(settle());
  b->advertise("/x");
  c->advertise("/x");
  ASSERT_TRUE(until([&] { return a->lookup("/x").size() == 2; }));
  const auto nearest = [&] { return a->pick("/x", Pick::nearest())->id; };
  EXPECT_NE(nearest(), nearest());  // nobody was measured: in turn
  // A message that had to be sent again measures nothing (docs/protocol.md §7.4): where the machine
  // is busy, one is not enough.
  const auto measured = [&](std::string_view name) {
    TimeNs next = 0;
    return until([&] {
      if (monotonic_ns() >= next && a->send(id(name), {}) == SendResult::sent)
        next = monotonic_ns() + 20 * ms;
      return nearest() == id(name) && nearest() == id(name);
    });
  };
  EXPECT_TRUE(measured("c"));
  a->advertise("/x");
  ASSERT_TRUE(until([&] { return a->lookup("/x").size() == 3; }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(nearest(), id("a"));
}

TEST_P(NodeDirectory, PicksTheSameForAKeyAtEveryMember) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  a->advertise("/x");
  b->advertise("/x");
  ASSERT_TRUE(until([&] { return a->lookup("/x").size() == 2 && b->lookup("/x").size() == 2; }));
  std::size_t at_a = 0;
  for (int i = 0; i < 64; ++i) {
    const std::string key = std::to_string(i);
    const Pick how = Pick::sticky(key);
    const auto keeper = a->pick("/x", how);
    EXPECT_EQ(keeper, b->pick("/x", how));
    at_a += keeper->id == id("a") ? 1 : 0;
  }
  EXPECT_GT(at_a, 8U);
  EXPECT_LT(at_a, 56U);
}

TEST_P(NodeDirectory, AnswersEachChangeOfItsOwnTreeAtOnce) {
  Server& a = start("a");
  ASSERT_TRUE(settle());
  EXPECT_EQ(a->advertise("/x", "1"), AdvertiseResult::done);
  EXPECT_EQ(a->advertise("/x", "1"), AdvertiseResult::unchanged);
  EXPECT_EQ(a->advertise("/x", "2"), AdvertiseResult::done);
  EXPECT_EQ(a->withdraw("/x"), AdvertiseResult::done);
  EXPECT_EQ(a->withdraw("/x"), AdvertiseResult::unchanged);
  EXPECT_EQ(a->advertise("x", "1"), AdvertiseResult::invalid_path);
  EXPECT_EQ(a->withdraw("/x/"), AdvertiseResult::invalid_path);
  EXPECT_EQ(a->advertise("/topics/x", "1"), AdvertiseResult::invalid_path);
  EXPECT_EQ(a->withdraw("/topics"), AdvertiseResult::invalid_path);
  EXPECT_EQ(a->advertise("/y", std::string((64 << 10) + 1, '.')), AdvertiseResult::too_large);
  ASSERT_TRUE(until([&] { return a.diary.heard("withdrawn /x"); }));
  EXPECT_EQ(a->names(), 0U);
}

TEST_P(NodeDirectory, IsFullAtItsLimit) {
  NodeConfig small = config("a");
  small.directory.tree_bytes_max = 1 << 20;
  small.directory.tombstone_bytes_max = 1 << 10;
  Server& a = start(small);
  ASSERT_TRUE(settle());
  AdvertiseResult result = AdvertiseResult::done;
  int bound = 0;
  for (; result == AdvertiseResult::done; ++bound) {
    result = a->advertise(fmt::format("/x/{}", bound), std::string(1000, '.'));
    a->poll();
  }
  EXPECT_EQ(result, AdvertiseResult::full);
  ASSERT_TRUE(until([&] { return a->names() == static_cast<std::size_t>(bound) - 1; }));
  EXPECT_EQ(a->withdraw("/x/0"), AdvertiseResult::done);
  EXPECT_EQ(a->advertise("/x/again", std::string(1000, '.')), AdvertiseResult::done);
  EXPECT_TRUE(until([&] { return a->lookup("/x/again").size() == 1; }));
}

TEST_P(NodeDirectory, CarriesAttributesAndLargeValues) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  AttributeSet attributes;
  ASSERT_TRUE(attributes.set("zone", "eu-1"));
  const std::string value(64 << 10, 'v');
  EXPECT_EQ(a->advertise("/x", value, attributes.view()), AdvertiseResult::done);
  EXPECT_EQ(a->advertise("/x", value, attributes.view()), AdvertiseResult::unchanged);
  ASSERT_TRUE(until([&] { return b->lookup("/x").size() == 1; }));
  EXPECT_EQ(text(b->lookup("/x")[0].value), value);
  EXPECT_EQ(b->lookup("/x")[0].attributes.view().get("zone"), "eu-1");
  EXPECT_EQ(a->advertise("/x", value), AdvertiseResult::done) << "attributes alone are a change";
  ASSERT_TRUE(until([&] { return b->lookup("/x")[0].attributes.view().empty(); }));
}

class Watching {
 public:
  WatchCallback callback() {
    return [this](const Change& change) {
      seen.push_back((change.kind == Change::Kind::bound ? "+" : "-") +
                     std::string(change.binding.path) + text(change.binding.value));
    };
  }
  Strings seen;
};

TEST_P(NodeDirectory, ShowsAllOfABatchOrNothing) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  a->advertise("/old", "1");
  ASSERT_TRUE(until([&] { return b->names() == 1; }));
  std::set<std::size_t> names_seen;
  b->watch("/", [&](const Change&) { names_seen.insert(b->names()); });
  names_seen.clear();
  Batch batch;
  for (int i = 0; i < 100; ++i)
    batch.bind(fmt::format("/new/{}", i), std::as_bytes(std::span(std::string_view("2"))));
  batch.withdraw("/old");
  EXPECT_EQ(a->advertise(batch), AdvertiseResult::done);
  EXPECT_EQ(a->advertise(batch), AdvertiseResult::unchanged);
  ASSERT_TRUE(until([&] { return b->names() == 100; }));
  EXPECT_EQ(names_seen, std::set<std::size_t>{100}) << "also while it is told";
  EXPECT_TRUE(b->lookup("/old").empty());
  Batch bad;
  bad.withdraw("/new/0");
  bad.bind("bad", {});
  EXPECT_EQ(a->advertise(bad), AdvertiseResult::invalid_path);
  EXPECT_EQ(a->withdraw("/new/0"), AdvertiseResult::done) << "nothing of it was done";
}

TEST_P(NodeDirectory, WithdrawsEverythingAtOnce) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  b->advertise("/kept", "1");
  for (int i = 0; i < 50; ++i) a->advertise(fmt::format("/x/{}", i), "1");
  ASSERT_TRUE(until([&] { return b->names() == 51; }));
  EXPECT_EQ(a->withdraw_all(), AdvertiseResult::done);
  EXPECT_EQ(a->withdraw_all(), AdvertiseResult::unchanged);
  EXPECT_EQ(a->withdraw("/x/0"), AdvertiseResult::unchanged);
  ASSERT_TRUE(until([&] { return a->names() == 1 && b->names() == 1; }));
  EXPECT_EQ(tree(b, "/"), Strings{"/kept=1@self"});
}

TEST_P(NodeDirectory, ShowsAWatcherTheTreeAndThenEachChangeOnce) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  b->advertise("/x/1", "old");
  b->advertise("/y", "other");
  ASSERT_TRUE(until([&] { return a->names() == 2; }));
  Watching watching;
  const WatchId watch = a->watch("/x", watching.callback());
  EXPECT_EQ(watching.seen, Strings{"+/x/1old"});
  b->advertise("/x/1", "new");
  b->advertise("/x/2", "2");
  b->advertise("/xx", "not below");
  b->withdraw("/x/1");
  ASSERT_TRUE(until([&] { return a.diary.heard("withdrawn /x/1"); }));
  EXPECT_EQ(watching.seen, (Strings{"+/x/1old", "+/x/1new", "+/x/22", "-/x/1new"}));
  a->unwatch(watch);
  b->withdraw("/x/2");
  ASSERT_TRUE(until([&] { return a.diary.heard("withdrawn /x/2"); }));
  EXPECT_EQ(watching.seen.size(), 4U);
}

TEST_P(NodeDirectory, LetsAWatcherAddAndRemoveWatches) {
  Server& a = start("a");
  ASSERT_TRUE(settle());
  Watching late;
  int calls = 0;
  WatchId mine = 0;
  mine = a->watch("/x", [&](const Change&) {
    ++calls;
    a->unwatch(mine);
    a->watch("/x", late.callback());
  });
  a->advertise("/x", "1");
  ASSERT_TRUE(until([&] { return a.diary.heard("bound /x=1"); }));
  a->withdraw("/x");
  ASSERT_TRUE(until([&] { return a.diary.heard("withdrawn /x"); }));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(late.seen, (Strings{"+/x1", "-/x1"}));
}

TEST_P(NodeDirectory, TellsEachWatcherOfANameOnceWhereverItWatches) {
  Server& a = start("a");
  ASSERT_TRUE(settle());
  std::array<Watching, 7> watching;
  const std::array prefixes{"/", "/x", "/x/y", "/x/y", "/x/y/z", "/x/yy", "/y"};
  for (std::size_t i = 0; i < prefixes.size(); ++i) a->watch(prefixes[i], watching[i].callback());
  a->advertise("/x/y", "1");
  a->withdraw("/x/y");
  ASSERT_TRUE(until([&] { return a.diary.heard("withdrawn /x/y"); }));
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(watching[i].seen, (Strings{"+/x/y1", "-/x/y1"})) << prefixes[i];
  for (std::size_t i = 4; i < prefixes.size(); ++i)
    EXPECT_EQ(watching[i].seen, Strings{}) << prefixes[i];
}

/// Each owner's changes come in the order in which it made them, however they are mixed.
TEST_P(NodeDirectory, ShowsAWatcherTheChangesOfEachOwnerInOrder) {
  Server& a = start("a");
  Server& b = start("b");
  Server& c = start("c");
  ASSERT_TRUE(settle());
  std::map<MemberId, std::vector<Version>> versions;
  a->watch("/x", [&](const Change& change) {
    versions[change.binding.owner.id].push_back(change.binding.version);
  });
  for (int i = 0; i < 100; ++i)
    for (Server* server : {&b, &c})
      while ((*server)->advertise(fmt::format("/x/{}", i % 7), std::to_string(i)) !=
             AdvertiseResult::done)
        (*server)->poll();
  ASSERT_TRUE(
      until([&] { return versions[id("b")].size() == 100 && versions[id("c")].size() == 100; }));
  run_for(20 * ms);
  std::vector<Version> expected(100);
  std::iota(expected.begin(), expected.end(), Version{1});
  EXPECT_EQ(versions[id("b")], expected);
  EXPECT_EQ(versions[id("c")], expected);
}

TEST_P(NodeDirectory, StopsTellingAWatcherRemovedByAnother) {
  Server& a = start("a");
  ASSERT_TRUE(settle());
  a->advertise("/x/1");
  a->advertise("/x/2");
  ASSERT_TRUE(until([&] { return a->names() == 2; }));
  Watching removed;
  WatchId other = 0;
  a->watch("/", [&](const Change& change) {
    if (change.binding.path == "/x/3") a->unwatch(other);
  });
  other = a->watch("/x", removed.callback());
  a->advertise("/x/3");
  ASSERT_TRUE(until([&] { return a.diary.heard("bound /x/3="); }));
  EXPECT_EQ(removed.seen, (Strings{"+/x/1", "+/x/2"}));
}

TEST_P(NodeDirectory, LetsTheHandlerAdvertise) {
  Server& a = start("a");
  Server& b = start("b");
  ASSERT_TRUE(settle());
  b.diary.on_data = [&](const Message& message) { b->advertise("/told", text(message.bytes())); };
  ASSERT_EQ(a->send(id("b"), bytes("yes")), SendResult::sent);
  EXPECT_TRUE(until([&] { return a.diary.heard("bound /told=yes"); }));
}

TEST_P(NodeDirectory, KeepsEventsForAnApplicationThatPollsLate) {
  NodeConfig small = config("a");
  small.limits.event_queue = 64;
  Server& a = start(small);
  Server& b = start("b");
  ASSERT_TRUE(settle());
  for (int i = 0; i < 1000; ++i)
    while (b->advertise(fmt::format("/x/{}", i)) == AdvertiseResult::would_block) b->poll();
  EXPECT_TRUE(until([&] { return a->names() == 1000; }));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(a.diary.count(fmt::format("bound /x/{}=", i)), 1U);
}

TEST_P(NodeDirectory, LeavesRatherThanKeepMoreEventsThanItsLimit) {
  NodeConfig small = config("a");
  small.limits.event_queue = 64;
  small.limits.event_backlog = 1024;
  small.directory.bindings_per_step = 128;
  small.directory.answer_pages_max = 4;
  small.membership.members_max = 64;
  small.messaging.topics_max = small.messaging.subscriptions_max = 0;
  small.messaging.streams_max = 0;
  Server& a = start(small);
  Server& b = start("b");
  ASSERT_TRUE(settle());
  // Inline, the application's own changes come without a poll; pipelined, those of others.
  Server& writer = GetParam() == Mode::run_inline ? a : b;
  for (int i = 0; i < 3000; ++i)
    while (writer->advertise(fmt::format("/x/{}", i)) == AdvertiseResult::would_block)
      writer->poll();
  if (GetParam() == Mode::pipelined) {
    ASSERT_TRUE(until([&] { return b.diary.heard("removed a"); }, &b));
  }
  const std::string why =
      "overrun: more than 1024 events, or 536870912 bytes of them, waited for the application, and "
      "the node has left cluster "
      "\"test\": poll more often, or raise limits.event_backlog and limits.event_backlog_bytes";
  EXPECT_TRUE(until([&] { return a.diary.heard(why); }));
  EXPECT_EQ(a->standing(), Standing::left);
}

}  // namespace
}  // namespace muster::test
