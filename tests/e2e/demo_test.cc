// The demo as a user runs it: its summary, its status, and its capture read by tshark.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "tests/tools/shell.h"
#include "tools/lab/temporary_folder.h"

namespace muster {
namespace {

std::string program() { return std::getenv("MUSTER"); }

TEST(Demo, ShowsEveryStepAndWritesASummaryAndACapture) {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path();
  const ShellResult demo = shell(program() + " demo --json " + folder + "/s.json --capture " +
                                 folder + "/d.pcapng 2>&1");
  EXPECT_EQ(demo.status, 0) << demo.output;

  const auto summary = nlohmann::json::parse(std::ifstream(folder + "/s.json"));
  EXPECT_TRUE(summary["ok"].get<bool>());
  EXPECT_LT(summary["seconds"].get<double>(), 30);
  ASSERT_EQ(summary["steps"].size(), 8u);
  const auto round_trips = summary["steps"][2]["values"]["round_trips"].get<std::ptrdiff_t>();
  EXPECT_GT(round_trips, 0);
  for (const auto& step : summary["steps"]) {
    EXPECT_TRUE(step["ok"].get<bool>()) << step;
    EXPECT_FALSE(step["values"].empty()) << step;
  }

  const std::string read = "tshark -o ip.check_checksum:TRUE -r " + folder +
                           "/d.pcapng -T fields -e ip.checksum.status -Y ";
  const ShellResult good = shell(read + "'udp.port==7777 && ip.checksum.status==1' 2>/dev/null");
  EXPECT_GT(std::ranges::count(good.output, '\n'), 2 * round_trips) << "there and back";
  EXPECT_EQ(
      shell(read +
            "'ip.checksum.status==0 || udp.checksum.status==0' 2>/dev/null | grep -c . || true")
          .output,
      "0\n")
      << "a bad checksum";
}

TEST(Demo, SaysWhyWhenItCannotWriteItsSummary) {
  const ShellResult demo = shell(program() + " demo --json /none/s.json 2>&1");
  EXPECT_EQ(demo.status, 1);
  EXPECT_NE(demo.output.find("/none/s.json"), std::string::npos);
}

TEST(Demo, SaysWhyWhenAServerDoesNotAnswer) {
  const TemporaryFolder temporary;
  const std::string file = temporary / "stopped.json";
  const ShellResult demo =
      shell(program() + " demo --json " + file +
            " 2>&1 & demo=$!; stopped=; while [ -z \"$stopped\" ] && kill -0 $demo 2>/dev/null; do"
            " for child in $(cat /proc/$demo/task/$demo/children); do"
            "  tr '\\0' ' ' </proc/$child/cmdline | grep -q -- '--name bob' &&"
            "  kill -STOP $child && stopped=$child; done; sleep 0.01; done; wait $demo");
  EXPECT_EQ(demo.status, 1) << demo.output;
  const auto summary = nlohmann::json::parse(std::ifstream(file));
  EXPECT_FALSE(summary["ok"].get<bool>());
  ASSERT_FALSE(summary["steps"].empty());
  const std::string reason = summary["steps"].back()["reason"];
  EXPECT_FALSE(reason.empty());
  EXPECT_NE(demo.output.find(reason), std::string::npos);
}

}  // namespace
}  // namespace muster
