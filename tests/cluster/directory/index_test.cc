#include "cluster/directory/index.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/random.h"

namespace muster {
namespace {

constexpr MemberKey ann{MemberId{1}, 10};
constexpr MemberKey bob{MemberId{2}, 20};

void add(Index& index, const MemberKey& owner, std::string_view path, std::string_view value = "") {
  index.bind({owner, path, std::as_bytes(std::span(value)), 1});
}

std::vector<std::string> listed(const Index& index, std::string_view prefix) {
  std::vector<std::string> paths;
  index.list(prefix, [&](std::string_view path, const Bound&) { paths.emplace_back(path); });
  return paths;
}

TEST(Index, GivesAllWhoBindAName) {
  Index index;
  add(index, ann, "/db");
  add(index, bob, "/db");
  ASSERT_EQ(index.lookup("/db").size(), 2u);
  EXPECT_EQ(index.lookup("/db")[1].owner, bob);
  EXPECT_TRUE(index.lookup("/d").empty());
}

TEST(Index, ReplacesTheValueOfASecondBind) {
  Index index;
  add(index, ann, "/db", "old");
  add(index, ann, "/db", "new");
  ASSERT_EQ(index.lookup("/db").size(), 1u);
  EXPECT_EQ(index.lookup("/db")[0].value.size(), 3u);
  EXPECT_EQ(static_cast<char>(index.lookup("/db")[0].value[0]), 'n');
}

TEST(Index, ForgetsANameThatNobodyBinds) {
  Index index;
  add(index, ann, "/db");
  add(index, bob, "/db");
  index.withdraw(ann, "/db");
  EXPECT_EQ(index.lookup("/db").size(), 1u);
  index.withdraw(bob, "/db");
  index.withdraw(bob, "/db");
  EXPECT_EQ(index.names(), 0u);
  EXPECT_TRUE(listed(index, "/").empty());
}

TEST(Index, ListsWhatLiesBelowAPrefixAndNotItsNamesakes) {
  Index index;
  for (const auto* path : {"/shop", "/shop/a", "/shop/b/c", "/shopping", "/sho", "/shop-2/x"})
    add(index, ann, path);
  EXPECT_EQ(listed(index, "/shop"), (std::vector<std::string>{"/shop", "/shop/a", "/shop/b/c"}));
  EXPECT_EQ(listed(index, "/").size(), 6u);
  EXPECT_TRUE(listed(index, "/none").empty());
}

TEST(Index, ListsInOrderPastNamesThatStandBetween) {
  Index index;
  for (const auto* path : {"/shop/b", "/shop-2", "/shop", "/shop/a", "/shop!/x", "/shop0"})
    add(index, ann, path);
  add(index, bob, "/shop/a");
  const std::vector<std::string> below{"/shop", "/shop/a", "/shop/a", "/shop/b"};
  EXPECT_EQ(listed(index, "/shop"), below);
  index.withdraw(ann, "/shop");
  EXPECT_EQ(listed(index, "/shop"), std::vector(below.begin() + 1, below.end()));
}

TEST(Index, KeepsValuesOfAnySize) {
  Index index;
  const std::string large(64 << 10, 'v');
  add(index, ann, "/db", large);
  add(index, bob, "/db", "small");
  EXPECT_EQ(index.lookup("/db")[0].value.size(), large.size());
  add(index, ann, "/db", "now small");
  EXPECT_EQ(index.lookup("/db")[0].value.size(), 9U);
  EXPECT_EQ(index.lookup("/db")[1].value.size(), 5U);
}

/// Paths on both sides of what a slot of the table holds, and of the longest path there is.
TEST(Index, FindsPathsOfEveryLength) {
  Index index;
  for (std::size_t bytes = 2; bytes <= 255; ++bytes) {
    add(index, ann, "/" + std::string(bytes - 1, 'a'));
    add(index, bob, "/" + std::string(bytes - 2, 'a') + "b");
  }
  EXPECT_EQ(index.names(), 2U * 254);
  for (std::size_t bytes = 2; bytes <= 255; ++bytes) {
    const std::string path = "/" + std::string(bytes - 2, 'a');
    ASSERT_EQ(index.lookup(path + "a")[0].owner, ann) << bytes;
    ASSERT_EQ(index.lookup(path + "b")[0].owner, bob) << bytes;
    ASSERT_TRUE(index.lookup(path + "c").empty()) << bytes;
  }
  EXPECT_TRUE(index.lookup("/" + std::string(300, 'a')).empty());
}

/// The low 32 bits of XXH3-64 are the same for the two of each pair.
TEST(Index, TellsNamesOfOneHashApart) {
  const std::string deep = "/" + std::string(40, 'a');
  for (const auto& [one, other] : {std::pair<std::string, std::string>("/a/205193", "/a/308183"),
                                   {deep + "/107996", deep + "/143014"}}) {
    Index index;
    add(index, ann, one);
    EXPECT_TRUE(index.lookup(other).empty());
    add(index, bob, other);
    EXPECT_EQ(index.lookup(one)[0].owner, ann);
    EXPECT_EQ(index.lookup(other)[0].owner, bob);
    index.withdraw(ann, one);
    EXPECT_EQ(index.lookup(other)[0].owner, bob);
  }
}

/// Bound and withdrawn at random, while the table grows: the index is what a map would be.
TEST(Index, AgreesWithAMapWhateverIsBoundAndWithdrawn) {
  Index index;
  std::map<std::string, std::map<std::uint64_t, Version>> model;
  Random random(7);
  for (Version version = 1; version <= 60'000; ++version) {
    const std::string path = "/n/" + std::to_string(random.below(4000));
    const MemberKey owner{MemberId{random.below(3)}, 1};
    const auto id = static_cast<std::uint64_t>(owner.id);
    if (random.below(5) < 2) {
      index.withdraw(owner, path);
      if (model[path].erase(id); model[path].empty()) model.erase(path);
    } else {
      index.bind({owner, path, {}, version});
      model[path][id] = version;
    }
    const auto expected = model.find(path);
    const auto found = index.lookup(path);
    ASSERT_EQ(found.size(), expected == model.end() ? 0 : expected->second.size());
    for (const Bound& bound : found)
      ASSERT_EQ(bound.version, expected->second.at(static_cast<std::uint64_t>(bound.owner.id)));
  }
  EXPECT_EQ(index.names(), model.size());
  std::vector<std::string> paths;
  for (const auto& [path, bound] : model) {
    ASSERT_EQ(index.lookup(path).size(), bound.size()) << path;
    paths.insert(paths.end(), bound.size(), path);
  }
  EXPECT_EQ(listed(index, "/"), paths);
}

TEST(Index, CountsTheTurnsOfEachNameByItself) {
  Index index;
  Random dice(1);
  const auto pick = [&](std::string_view path) {
    return index.pick(path, {}, dice, [](const MemberKey&) { return std::optional(never_ns); });
  };
  EXPECT_EQ(pick("/db"), nullptr);
  for (const auto* path : {"/db", "/web"}) {
    add(index, ann, path);
    add(index, bob, path);
  }
  const MemberKey first = pick("/db")->owner;
  EXPECT_EQ(pick("/web")->owner, first);
  EXPECT_NE(pick("/db")->owner, first);
  index.withdraw(bob, "/db");
  EXPECT_EQ(pick("/db")->owner, ann);
}

TEST(Index, GrowsPastItsFirstBuckets) {
  Index index;
  for (int i = 0; i < 5000; ++i) add(index, ann, "/n/" + std::to_string(i));
  EXPECT_EQ(index.names(), 5000u);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(index.lookup("/n/" + std::to_string(i)).size(), 1u) << i;
}

}  // namespace
}  // namespace muster
