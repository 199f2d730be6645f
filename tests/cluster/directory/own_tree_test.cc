// What the application hears of a large own tree comes in steps: whatever happens between two of
// them, it hears each binding end before another begins in its place.
#include "cluster/directory/own_tree.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "cluster/random.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/memory_port.h"
#include "tests/cluster/support/segment.h"

namespace muster {
namespace {

using test::bytes;

constexpr MemberId ann{1};

/// What an application believes, and what contradicts what it was told before.
class Application final : public sim::SilentEvents {
 public:
  struct Held {
    MemberKey owner;
    std::string value;
    bool operator==(const Held&) const = default;
  };
  std::map<std::string, Held> held;
  std::size_t told = 0;
  std::optional<MemberKey> batch;

  void on_bound(const Binding& binding) override {
    ++told;
    const auto [at, fresh] = held.try_emplace(std::string(binding.path));
    EXPECT_TRUE(fresh || at->second.owner == binding.owner) << "bound to two incarnations";
    at->second = {binding.owner, test::text(binding.value)};
  }
  void on_withdrawn(const Binding& binding) override {
    ++told;
    const auto at = held.find(std::string(binding.path));
    ASSERT_NE(at, held.end()) << binding.path << " was not bound";
    EXPECT_EQ(at->second.owner, binding.owner);
    held.erase(at);
  }
  void on_batch_begin(const MemberKey& owner) override {
    EXPECT_FALSE(batch) << "a batch within a batch";
    batch = owner;
  }
  void on_batch_end(const MemberKey& owner) override {
    EXPECT_EQ(batch, owner);
    batch.reset();
  }
};

struct OwnTrees : testing::Test {
  DirectoryConfig config{.bindings_per_step = 3};
  test::MemoryPort port;
  Outbox outbox{port, {7, {ann, 1}}};
  Application application;
  OwnTree own{config, outbox, application};

  void bind(int number, const std::string& value = "x") {
    own.bind("/" + std::to_string(number), {{}, bytes(value)});
  }
  std::map<std::string, Application::Held> as(Incarnation incarnation) const {
    std::map<std::string, Application::Held> all;
    for (const TreeEntry& entry : own.tree())
      if (entry.bound)
        all[std::string(entry.path)] = {{ann, incarnation}, test::text(entry.content().value)};
    return all;
  }
  /// Once it has been told in steps, the application holds what the tree does.
  void expect_all_told_as(Incarnation incarnation) {
    while (own.telling()) own.tell(config.bindings_per_step);
    EXPECT_FALSE(application.batch);
    EXPECT_EQ(application.held, as(incarnation));
  }
};

TEST_F(OwnTrees, AreWithdrawnInSteps) {
  for (int i = 0; i < 10; ++i) bind(i);
  EXPECT_EQ(own.withdraw_all(), BindResult::changed);
  EXPECT_EQ(own.tree().size(), 0u);
  EXPECT_EQ(application.held.size(), 7u);
  EXPECT_TRUE(application.batch);
  bind(9, "new");  // of which the application has not heard yet that it went
  EXPECT_TRUE(own.telling());
  expect_all_told_as(1);
  EXPECT_EQ(application.told, 10u + 10u + 1u);
}

TEST_F(OwnTrees, AreVisibleAgainOnceAllIsBoundAnew) {
  for (int i = 0; i < 10; ++i) bind(i);
  own.withdraw_all();
  for (int i = 0; i < 10; ++i) bind(i, "new");
  expect_all_told_as(1);
}

TEST_F(OwnTrees, ChangeTheirOwnerInSteps) {
  for (int i = 0; i < 10; ++i) bind(i);
  own.reincarnate({ann, 5});
  EXPECT_EQ(application.told, 10u) << "before anybody asked whether the application is ready";
  own.tell(config.bindings_per_step);
  EXPECT_EQ(application.told, 10u + 2 * 3u);
  bind(8, "changed");
  own.withdraw("/9");
  expect_all_told_as(5);
}

TEST_F(OwnTrees, AreWithdrawnAgainInSteps) {
  for (int i = 0; i < 10; ++i) bind(i);
  own.withdraw_all();
  for (int i = 10; i < 20; ++i) bind(i);
  const std::size_t before = application.told;
  own.withdraw_all();
  EXPECT_EQ(application.told, before + 3u) << "not all that is left of the first";
  expect_all_told_as(1);
}

TEST_F(OwnTrees, AreWithdrawnAtOnceWhereTheirMemoryIsNeeded) {
  for (int i = 0; i < 10; ++i) bind(i);
  config.tree_bytes_max = own.tree().bytes() + 1;
  own.withdraw_all();
  for (int i = 10; i < 20; ++i) bind(i);
  own.withdraw_all();
  EXPECT_LE(application.held.size(), 11u);
  expect_all_told_as(1);
}

TEST_F(OwnTrees, AreWithdrawnAtOnceWhereTheyAreNoMoreThanAStep) {
  for (int i = 0; i < 10; ++i) bind(i);
  own.withdraw_all();
  const std::size_t before = application.told;
  for (int i = 0; i < 100; ++i) {
    bind(50);
    own.withdraw_all();
  }
  EXPECT_EQ(application.told, before + std::size_t{100} * 2)
      << "of the first tree it hears at its own pace";
  EXPECT_EQ(application.held.size(), 7u);
  expect_all_told_as(1);
}

TEST_F(OwnTrees, WaitAFewAtATimeToBeToldOf) {
  for (int i = 0; i < 1000; ++i) bind(i);
  own.withdraw_all();
  constexpr std::size_t again = 30;
  for (std::size_t i = 0; i < again; ++i) {
    for (int j = 0; j < 4; ++j) bind(static_cast<int>(2000 + 4 * i) + j);
    own.withdraw_all();
  }
  EXPECT_LE(application.held.size(),
            std::size_t{1000} - std::size_t{3} * again + std::size_t{8} * 4);
  EXPECT_GT(application.held.size(), 800u) << "the large one goes in steps";
  expect_all_told_as(1);
}

TEST_F(OwnTrees, EndABatchAsTheOwnerThatBeganIt) {
  for (int i = 0; i < 10; ++i) bind(i);
  own.withdraw_all();
  own.reincarnate({ann, 5});
  EXPECT_EQ(application.batch, (MemberKey{ann, 1}));
  while (own.telling()) own.tell(config.bindings_per_step);
  EXPECT_FALSE(application.batch);
  for (int i = 0; i < 10; ++i) bind(i);
  own.withdraw_all();
  EXPECT_EQ(application.batch, (MemberKey{ann, 5}));
}

TEST_F(OwnTrees, HaveNothingToTellWhereNothingIsBound) {
  own.reincarnate({ann, 5});
  EXPECT_FALSE(own.telling());
}

/// A member can be removed again and again before it has told of the first time.
TEST(KnownAs, KeepsNoMorePartsThanThereAreBindings) {
  KnownAs known({ann, 1});
  Version version = 1;
  std::size_t parts = 0;
  const auto holds = [&](Version after, Version last) {
    ++parts;
    return (after < 1 && 1 <= last) || (after < version && version <= last);
  };
  for (Incarnation next = 2; next < 100; ++next) {
    ++version;  // the second of two bindings is bound anew
    known.change({ann, next}, version);
    parts = 0;
    known.merge(holds);
    EXPECT_LE(parts, 3u);
    EXPECT_EQ(known.owner(1).incarnation, 1u);
    EXPECT_EQ(known.owner(version).incarnation, next - 1);
  }
  known.tell(version);
  EXPECT_FALSE(known.pending());
}

TEST_F(OwnTrees, ChangeTheirOwnerOnceMoreInSteps) {
  for (int i = 0; i < 10; ++i) bind(i);
  own.reincarnate({ann, 5});
  own.tell(config.bindings_per_step);
  bind(10);
  own.reincarnate({ann, 6});
  const std::size_t before = application.told;
  own.withdraw_all();
  EXPECT_EQ(application.told, before + 3u);
  own.reincarnate({ann, 7});
  bind(0);
  expect_all_told_as(7);
}

TEST_F(OwnTrees, AreWhatTheApplicationHoldsWhateverHappensBetweenTheSteps) {
  Random dice(7);
  Incarnation incarnation = 1;
  for (int round = 0; round < 20'000; ++round) {
    switch (dice.below(40)) {
      case 0:
        own.withdraw_all();
        break;
      case 1:
        own.reincarnate({ann, ++incarnation});
        break;
      case 2: {
        Batch batch;
        for (std::uint64_t i = dice.below(5); i > 0; --i)
          batch.bind("/" + std::to_string(dice.below(30)), bytes(std::to_string(round)));
        batch.withdraw("/" + std::to_string(dice.below(30)));
        own.apply(batch);
        break;
      }
      default:
        if (dice.below(4) == 0)
          own.withdraw("/" + std::to_string(dice.below(30)));
        else
          bind(static_cast<int>(dice.below(30)), std::to_string(round));
    }
    if (dice.below(8) == 0) own.tell(dice.below(4));
    if (!own.telling()) {
      ASSERT_FALSE(application.batch) << round;
      ASSERT_EQ(application.held, as(incarnation)) << round;
    }
  }
  expect_all_told_as(incarnation);
}

}  // namespace
}  // namespace muster
