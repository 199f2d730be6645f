// Whether the soak sees what it looks for in streams of messages.
#include "tests/e2e/soak_streams.h"

#include <gtest/gtest.h>

namespace muster::soak {
namespace {

/// Member 1 sends to member 2, each in its first life.
struct SoakStreams : testing::Test {
  std::string send() { return streams.next(from, to.member); }
  void hear(const std::string& text, std::uint64_t self = 20) { streams.heard(to, 10, self, text); }

  const Life from{1, 1};
  const Life to{2, 1};
  Streams streams;
};

TEST_F(SoakStreams, AcceptsWhatComesInOrderWithoutWhatWasRefused) {
  hear(send());
  EXPECT_TRUE(streams.complete(from, to.member));
  streams.refused(send());
  hear(send());
  EXPECT_TRUE(streams.mistakes().empty());
  EXPECT_EQ(streams.unaccounted(from, to.member), 0);
}

TEST_F(SoakStreams, FindsAGapWithinASession) {
  hear(send());
  send();
  EXPECT_FALSE(streams.complete(from, to.member));
  hear(send());
  ASSERT_EQ(streams.mistakes().size(), 1U);
  EXPECT_EQ(streams.mistakes()[0], "member 2 missed message 2 of member 1 within a session");
}

TEST_F(SoakStreams, AsksForAReportOfWhatIsLostBetweenSessions) {
  hear(send());
  send();
  hear(send(), 21);
  EXPECT_TRUE(streams.mistakes().empty());
  EXPECT_EQ(streams.unaccounted(from, to.member), 1);
  streams.undelivered(from, to.member, 1);
  EXPECT_EQ(streams.unaccounted(from, to.member), 0);
}

TEST_F(SoakStreams, FindsWhatComesTwiceOrTooLate) {
  const std::string first = send();
  const std::string second = send();
  hear(first);
  hear(first);
  hear(second);
  hear(first, 21);
  EXPECT_EQ(streams.mistakes().size(), 2U);
}

TEST_F(SoakStreams, FindsWhatNobodySent) {
  const std::string text = send();
  hear(text + "!");
  hear("1 1 2 2 b");
  hear("nonsense");
  streams.heard({3, 1}, 10, 20, text);
  EXPECT_EQ(streams.mistakes().size(), 4U);
}

TEST_F(SoakStreams, FindsWhatCameThoughItWasRefused) {
  const std::string text = send();
  hear(text);
  streams.refused(text);
  EXPECT_EQ(streams.mistakes().size(), 1U);
}

}  // namespace
}  // namespace muster::soak
