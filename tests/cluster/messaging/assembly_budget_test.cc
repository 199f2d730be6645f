#include "cluster/messaging/assembly_budget.h"

#include <array>
#include <cstddef>

#include <gtest/gtest.h>

namespace muster {
namespace {

constexpr std::size_t bytes_max = 64;

/// What each has begun, and none ends.
template <std::size_t senders>
struct Begun {
  std::array<std::size_t, senders> bytes{};
  AssemblyBudget budget{bytes_max};

  std::size_t used() const {
    std::size_t all = 0;
    for (const std::size_t of_one : bytes) all += of_one;
    return all;
  }
  bool begin(std::size_t sender, std::size_t opens) {
    if (!budget.has_room(opens, used(), bytes[sender])) return false;
    bytes[sender] += opens;
    return true;
  }
  void begin_all(std::size_t sender, std::size_t opens) {
    while (begin(sender, opens)) {
    }
  }
};

TEST(AssemblyBudget, GivesOneSenderHalfHoweverMuchItBegins) {
  for (const std::size_t opens : {1U, 3U, 16U, 30U}) {
    Begun<2> begun;
    begun.begin_all(0, opens);
    EXPECT_GT(begun.used(), bytes_max / 2 - opens);
    EXPECT_LE(begun.used(), bytes_max / 2);
    EXPECT_TRUE(begun.begin(1, bytes_max / 2));
  }
}

TEST(AssemblyBudget, LeavesSomethingToTheLastOfMany) {
  Begun<8> begun;
  for (std::size_t sender = 0; sender < 3; ++sender) begun.begin_all(sender, 1);
  EXPECT_EQ(begun.bytes, (std::array<std::size_t, 8>{32, 16, 8}));
  EXPECT_TRUE(begun.begin(3, 8));
}

TEST(AssemblyBudget, GivesWhoHasBegunNothingAllThatIsLeft) {
  Begun<2> begun;
  EXPECT_TRUE(begun.begin(0, 10));
  EXPECT_FALSE(begun.begin(1, bytes_max - 9));
  EXPECT_TRUE(begun.begin(1, bytes_max - 10));
  EXPECT_FALSE(begun.begin(0, 1));
}

TEST(AssemblyBudget, AlwaysTakesOneMessage) {
  Begun<2> begun;
  EXPECT_TRUE(begun.begin(0, 2 * bytes_max));
  EXPECT_FALSE(begun.begin(0, 1));
  EXPECT_FALSE(begun.begin(1, 1));
}

}  // namespace
}  // namespace muster
