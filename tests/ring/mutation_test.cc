// That ThreadSanitizer is clean over the rings means something only if it would have told: made
// relaxed, the store that publishes must be reported.
#include <array>
#include <cstdio>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace {

struct Outcome {
  int exit_status = -1;
  std::string output;
};

/// The exit status of a program that ThreadSanitizer stopped.
constexpr int reported = 66;

Outcome ring_race(const std::string& arguments) {
  const std::string command = "TSAN_OPTIONS=exitcode=" + std::to_string(reported) +
                              ":halt_on_error=1 '" MUSTER_RING_RACE "' " + arguments + " 2>&1";
  Outcome outcome;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> chunk;
  for (std::size_t got = 0; (got = fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) {
    outcome.output.append(chunk.data(), got);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_status = WEXITSTATUS(status);
  return outcome;
}

class RingMutation : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Rings, RingMutation, testing::Values("spsc", "mpsc"));

TEST_P(RingMutation, ARelaxedPublishIsReported) {
  const Outcome outcome = ring_race(std::string(GetParam()) + " relaxed");
  EXPECT_EQ(outcome.exit_status, reported) << outcome.output;
  EXPECT_NE(outcome.output.find("WARNING: ThreadSanitizer: data race"), std::string::npos)
      << outcome.output;
}

TEST_P(RingMutation, AReleasingPublishIsNot) {
  const Outcome outcome = ring_race(std::string(GetParam()) + " release");
  EXPECT_EQ(outcome.exit_status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "");
}

}  // namespace
