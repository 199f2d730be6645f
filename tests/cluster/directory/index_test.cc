#include "cluster/directory/index.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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

TEST(Index, PicksInTurn) {
  Index index;
  EXPECT_EQ(index.pick("/db"), nullptr);
  add(index, ann, "/db");
  add(index, bob, "/db");
  std::set<std::uint64_t> picked;
  for (int i = 0; i < 2; ++i)
    picked.insert(static_cast<std::uint64_t>(index.pick("/db")->owner.id));
  EXPECT_EQ(picked.size(), 2u);
  index.withdraw(bob, "/db");
  EXPECT_EQ(index.pick("/db")->owner, ann);
}

TEST(Index, GrowsPastItsFirstBuckets) {
  Index index;
  for (int i = 0; i < 5000; ++i) add(index, ann, "/n/" + std::to_string(i));
  EXPECT_EQ(index.names(), 5000u);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(index.lookup("/n/" + std::to_string(i)).size(), 1u) << i;
}

}  // namespace
}  // namespace muster
