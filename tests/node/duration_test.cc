#include "node/duration.h"

#include <gtest/gtest.h>

#include "cluster/config.h"

namespace muster {
namespace {

TEST(Duration, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("5ns"), 5U);
  EXPECT_EQ(parse_duration("5us"), 5 * us);
  EXPECT_EQ(parse_duration("100ms"), 100 * ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500 * ms);
  EXPECT_EQ(parse_duration("2min"), 120 * second);
  EXPECT_EQ(parse_duration("0s"), 0U);
}

TEST(Duration, IsNothingElse) {
  for (const char* text : {"", "5", "ms", "-5ms", "5 ms", "5msx", "1e300s", "nans", "infs", "5h"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Duration, IsWrittenInTheLargestWholeUnit) {
  EXPECT_EQ(duration_text(1500 * ms), "1500ms");
  EXPECT_EQ(duration_text(2 * second), "2s");
  EXPECT_EQ(duration_text(120 * second), "2min");
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(7), "7ns");
}

}  // namespace
}  // namespace muster
