// A talk of four on two cores, over memif and the virtual switch, which loses frames, doubles and
// reorders them.
#include "tests/e2e/talk.h"

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tools/lab/stage.h"

namespace muster::talk {
namespace {

using std::chrono::seconds;

std::uint64_t from_environment(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

void set_faults(lab::Stage& stage, double loss, double duplicate, double reorder) {
  for (const char* direction : {"in", "out"})
    stage.ask_switch({{"set",
                       {{"loss", loss},
                        {"duplicate", duplicate},
                        {"reorder", reorder},
                        {"reorder_delay_ns", 500'000},
                        {"direction", direction}}}});
}

TEST(Talk, LosesNothingUnsaid) {
  const std::uint64_t seed = from_environment("MUSTER_TALK_SEED", 1);
  lab::Stage stage(std::getenv("MUSTER"), 4, {"--seed", std::to_string(seed)});
  std::vector<Talker> talkers;
  for (const bool may_be_killed : {false, false, true, true})
    talkers.push_back({stage.port_of(Talk::name(talkers.size())), may_be_killed});
  Talk talk(seed, talkers, seconds(30));
  ASSERT_TRUE(talk.begin()) << "the members did not find each other";
  set_faults(stage, 0.005, 0.005, 0.01);
  talk.disturb(seconds(from_environment("MUSTER_TALK_SECONDS", 10)));
  set_faults(stage, 0, 0, 0);
  for (const std::string& mistake : talk.settle()) ADD_FAILURE() << mistake << ", seed " << seed;
  EXPECT_GT(talk.streams_checked(), 0U);
  EXPECT_GT(talk.total("retransmitted"), 0U);
  fmt::print("{}\n", talk.summary());
}

}  // namespace
}  // namespace muster::talk
