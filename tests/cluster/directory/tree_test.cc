#include "cluster/directory/tree.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/random.h"

namespace muster {
namespace {

Content bytes(std::string_view text) { return {{}, std::as_bytes(std::span(text))}; }

std::vector<Version> versions_after(const Tree& tree, Version version) {
  std::vector<Version> found;
  for (auto at = tree.after(version); at != tree.end(); ++at) found.push_back(at->version);
  return found;
}

TEST(Tree, HoldsTheLatestValueOfEachPath) {
  Tree tree;
  tree.bind(1, "/a", bytes("one"));
  tree.bind(2, "/a", bytes("two"));
  ASSERT_NE(tree.find("/a"), nullptr);
  EXPECT_EQ(tree.find("/a")->version, 2u);
  EXPECT_EQ(tree.size(), 1u);
  tree.withdraw(3, "/a");
  EXPECT_EQ(tree.find("/a"), nullptr);
  EXPECT_EQ(tree.size(), 0u);
}

TEST(Tree, IgnoresAnOlderChangeThatComesLate) {
  Tree tree;
  tree.withdraw(5, "/a");
  tree.bind(4, "/a", bytes("late"));
  EXPECT_EQ(tree.find("/a"), nullptr);
}

TEST(Tree, IsItsOwnLog) {
  Tree tree;
  tree.bind(1, "/a", bytes("1"));
  tree.bind(2, "/b", bytes("2"));
  tree.withdraw(3, "/a");
  tree.bind(4, "/c", bytes("4"));
  EXPECT_EQ(versions_after(tree, 0), (std::vector<Version>{2, 3, 4}));
  EXPECT_EQ(versions_after(tree, 2), (std::vector<Version>{3, 4}));
  EXPECT_EQ(versions_after(tree, 4), std::vector<Version>{});
}

// docs/protocol.md §6.3.
TEST(Tree, HasOneDigestInWhateverOrderItWasBuilt) {
  Tree forward;
  forward.bind(1, "/a", bytes("1"));
  forward.bind(2, "/b", bytes("2"));
  Tree backward;
  backward.bind(2, "/b", bytes("2"));
  backward.bind(1, "/a", bytes("1"));
  EXPECT_EQ(forward.digest(), backward.digest());
  backward.bind(3, "/b", bytes("2"));
  EXPECT_NE(forward.digest(), backward.digest()) << "the version that bound it counts";
  Tree other;
  other.bind(1, "/a", bytes("1"));
  other.bind(2, "/b", bytes("3"));
  EXPECT_NE(forward.digest(), other.digest()) << "the value counts";
}

TEST(Tree, ForgetsTheOldestTombstonesAndSaysHowFarBackItReaches) {
  Tree tree;
  for (Version version = 1; version <= 9; ++version)
    tree.withdraw(version, "/gone/" + std::to_string(version));
  const std::size_t each = tree.bytes() / 9;
  tree.trim_tombstones(3 * each);
  EXPECT_EQ(tree.floor(), 6u);
  EXPECT_EQ(versions_after(tree, 0), (std::vector<Version>{7, 8, 9}));
  tree.trim_tombstones(0);
  EXPECT_EQ(tree.floor(), 9u);
  EXPECT_EQ(tree.bytes(), 0u);
}

TEST(Tree, AgreesWithAPlainMapUnderRandomChanges) {
  Random random(7);
  Tree tree;
  std::map<std::string, std::pair<Version, std::string>> model;
  for (Version version = 1; version <= 5000; ++version) {
    const std::string path = "/" + std::to_string(random.below(50));
    if (random.below(3) == 0) {
      tree.withdraw(version, path);
      model.erase(path);
    } else {
      const std::string value = std::to_string(random.below(10));
      tree.bind(version, path, bytes(value));
      model[path] = {version, value};
    }
    tree.trim_tombstones(2000);
    ASSERT_EQ(tree.size(), model.size());
  }
  Tree rebuilt;
  for (const auto& [path, bound] : model) {
    const TreeEntry* entry = tree.find(path);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->version, bound.first);
    rebuilt.bind(bound.first, path, bytes(bound.second));
  }
  EXPECT_EQ(tree.digest(), rebuilt.digest());
}

}  // namespace
}  // namespace muster
