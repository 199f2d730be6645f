#include <gtest/gtest.h>

#include "tools/errors.h"
#include "tools/fabric/values.h"

namespace muster::fabric {
namespace {

TEST(Probability, IsAFractionOrAPercentage) {
  EXPECT_DOUBLE_EQ(parse_probability("--loss", "0"), 0);
  EXPECT_DOUBLE_EQ(parse_probability("--loss", "0.05"), 0.05);
  EXPECT_DOUBLE_EQ(parse_probability("--loss", "5%"), 0.05);
  EXPECT_DOUBLE_EQ(parse_probability("--loss", "100%"), 1);
}

TEST(Probability, RefusesEverythingElse) {
  for (const char* text : {"", "x", "-0.1", "1.5", "101%", "0.5 ", "5%%", "nan", "inf"})
    EXPECT_THROW(parse_probability("--loss", text), UsageError) << text;
}

TEST(Delay, HasAUnit) {
  EXPECT_EQ(parse_delay("--delay", "1000"), 1'000U);
  EXPECT_EQ(parse_delay("--delay", "250ns"), 250U);
  EXPECT_EQ(parse_delay("--delay", "10us"), 10'000U);
  EXPECT_EQ(parse_delay("--delay", "1.5ms"), 1'500'000U);
  EXPECT_EQ(parse_delay("--delay", "60s"), 60'000'000'000U);
}

TEST(Delay, RefusesEverythingElse) {
  for (const char* text : {"", "ms", "-1ms", "1min", "61s", "1e30", "nan"})
    EXPECT_THROW(parse_delay("--delay", text), UsageError) << text;
}

TEST(Values, NameTheirOptionWhenTheyAreWrong) {
  try {
    parse_delay("--delay", "soon");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_EQ(std::string(error.what()).substr(0, 12), "--delay soon");
  }
}

}  // namespace
}  // namespace muster::fabric
