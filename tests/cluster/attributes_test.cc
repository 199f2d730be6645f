#include "cluster/attributes.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace muster {
namespace {

std::vector<std::byte> block(std::initializer_list<std::string_view> texts) {
  std::vector<std::byte> bytes;
  for (auto text = texts.begin(); text != texts.end(); text += 2) {
    bytes.push_back(static_cast<std::byte>(text[0].size()));
    bytes.push_back(static_cast<std::byte>(text[1].size()));
    for (const auto& part : {text[0], text[1]})
      for (const char c : part) bytes.push_back(static_cast<std::byte>(c));
  }
  return bytes;
}

TEST(Attributes, AreOneCanonicalBlockInWhateverOrderTheyWereSet) {
  AttributeSet forward;
  AttributeSet backward;
  for (const auto* key : {"a", "b", "c"}) EXPECT_TRUE(forward.set(key, std::string("of ") + key));
  for (const auto* key : {"c", "a", "b"}) EXPECT_TRUE(backward.set(key, std::string("of ") + key));
  const auto bytes = forward.view().bytes();
  EXPECT_TRUE(std::ranges::equal(bytes, backward.view().bytes()));
  EXPECT_TRUE(std::ranges::equal(bytes, block({"a", "of a", "b", "of b", "c", "of c"})));
  EXPECT_TRUE(Attributes::well_formed(bytes));
  EXPECT_EQ(forward.view().get("b"), "of b");
  EXPECT_EQ(forward.view().get("d"), std::nullopt);
}

TEST(Attributes, AreReplacedAndErased) {
  AttributeSet set;
  EXPECT_TRUE(set.set("zone", "eu"));
  EXPECT_TRUE(set.set("rack", "7"));
  EXPECT_TRUE(set.set("zone", set.view().get("rack").value())) << "from a view of itself";
  EXPECT_EQ(set.view().get("zone"), "7");
  EXPECT_TRUE(set.erase("rack"));
  EXPECT_FALSE(set.erase("rack"));
  EXPECT_TRUE(std::ranges::equal(set.view().bytes(), block({"zone", "7"})));
}

TEST(Attributes, RefuseWhatDoesNotFit) {
  AttributeSet set;
  EXPECT_FALSE(set.set("", "x"));
  EXPECT_FALSE(set.set("a\nb", "x"));
  EXPECT_FALSE(set.set(std::string(64, 'k'), "x"));
  EXPECT_FALSE(set.set("k", std::string(256, 'x')));
  EXPECT_TRUE(set.view().empty());
  for (const auto* key : {"a", "b", "c"}) EXPECT_TRUE(set.set(key, std::string(255, 'x')));
  EXPECT_TRUE(set.set("d", std::string(1024 - 3 * 258 - 3, 'x'))) << "1024 bytes in all";
  EXPECT_FALSE(set.set("e", ""));
  EXPECT_TRUE(set.set("a", std::string(255, 'y'))) << "the old value makes room";
}

// docs/protocol.md §6.1.
TEST(Attributes, AreWellFormedOnlyInAscendingOrderAndToTheirEnd) {
  EXPECT_TRUE(Attributes::well_formed({}));
  EXPECT_FALSE(Attributes::well_formed(block({"b", "1", "a", "2"})));
  EXPECT_FALSE(Attributes::well_formed(block({"a", "1", "a", "2"})));
  EXPECT_FALSE(Attributes::well_formed(block({"", "1"})));
  EXPECT_FALSE(Attributes::well_formed(block({std::string_view("\x7f", 1), "1"})));
  const auto whole = block({"a", "1", "b", "2"});
  for (std::size_t length = 1; length < whole.size(); ++length) {
    const std::vector<std::byte> cut(whole.begin(),
                                     whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(Attributes::well_formed(cut), length == 4) << length;
  }
}

}  // namespace
}  // namespace muster
