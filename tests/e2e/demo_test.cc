// The demo as a user runs it: its summary, its status, and its capture read by tshark.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/tools/shell.h"

namespace muster {
namespace {

std::string program() { return std::getenv("MUSTER"); }

TEST(Demo, ShowsEveryStepAndWritesASummaryAndACapture) {
  std::string folder = std::filesystem::temp_directory_path() / "muster-demo-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const ShellResult demo = shell(program() + " demo --json " + folder + "/s.json --capture " +
                                 folder + "/d.pcapng 2>&1");
  EXPECT_EQ(demo.status, 0) << demo.output;

  const auto summary = nlohmann::json::parse(std::ifstream(folder + "/s.json"));
  EXPECT_TRUE(summary["ok"].get<bool>());
  EXPECT_LT(summary["seconds"].get<double>(), 30);
  ASSERT_EQ(summary["steps"].size(), 8u);
  for (const auto& step : summary["steps"]) {
    EXPECT_TRUE(step["ok"].get<bool>()) << step;
    EXPECT_FALSE(step["values"].empty()) << step;
  }

  const std::string read = "tshark -o udp.check_checksum:TRUE -r " + folder +
                           "/d.pcapng -T fields -e udp.checksum.status -Y ";
  const ShellResult good = shell(read + "'udp.port==7777 && udp.checksum.status==1' 2>/dev/null");
  EXPECT_GT(std::ranges::count(good.output, '\n'), 1000) << "every frame of a thousand round trips";
  EXPECT_EQ(shell(read + "'udp.checksum.status==0' 2>/dev/null | grep -c . || true").output, "0\n")
      << "a bad checksum";
  std::filesystem::remove_all(folder);
}

TEST(Demo, SaysWhyWhenItCannotWriteItsSummary) {
  const ShellResult demo = shell(program() + " demo --json /none/s.json 2>&1");
  EXPECT_EQ(demo.status, 1);
  EXPECT_NE(demo.output.find("/none/s.json"), std::string::npos);
}

}  // namespace
}  // namespace muster
