// Lines to a child process and back.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tools/lab/process.h"

namespace muster::lab {
namespace {

/// More than pipes hold: neither side may wait for the other, and nothing may be lost.
TEST(LabProcess, CarriesALineOfAnySizeThereAndBack) {
  Process child({"/bin/cat"});
  const std::string line(1'000'000, 'x');
  child.write_line(line);
  child.write_line("the next");
  std::vector<std::string> lines;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (lines.size() < 2 && std::chrono::steady_clock::now() < end) {
    for (std::string& got : child.read_lines()) lines.push_back(std::move(got));
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0] == line);
  EXPECT_EQ(lines[1], "the next");
}

}  // namespace
}  // namespace muster::lab
