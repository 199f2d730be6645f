// What people get wrong at the command line: one sentence that names the thing and the remedy, a
// status that is not zero, and nothing left behind.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace {

struct Outcome {
  int status;
  std::string said;
};

/// Runs `muster` with `arguments`, and gives what it printed to both outputs.
Outcome muster(const std::string& arguments) {
  const std::string command =
      "timeout 60 " + std::string(std::getenv("MUSTER")) + " " + arguments + " 2>&1 </dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  Outcome outcome{};
  std::array<char, 512> buffer;
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) outcome.said += buffer.data();
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

void expect_sentence(const Outcome& outcome, int status, std::initializer_list<const char*> words) {
  EXPECT_EQ(outcome.status, status) << outcome.said;
  EXPECT_EQ(std::ranges::count(outcome.said, '\n'), 1) << outcome.said;
  for (const char* word : words)
    EXPECT_NE(outcome.said.find(word), std::string::npos)
        << word << " is missing in: " << outcome.said;
}

TEST(Mistakes, NameAnUnknownOption) { expect_sentence(muster("node --nam ann"), 2, {"--nam"}); }

TEST(Mistakes, NameAMissingSubcommand) { expect_sentence(muster(""), 2, {"--help"}); }

TEST(Mistakes, NameAPortThatDoesNotExist) {
  expect_sentence(muster("node --name ann --address 10.77.0.1/24 --device 0000:ff:1f.7"), 1,
                  {"0000:ff:1f.7"});
  expect_sentence(muster("node --name ann --address 10.77.0.1/24 --device net_nonsense0"), 1,
                  {"net_nonsense0"});
}

TEST(Mistakes, NameASwitchThatDoesNotRun) {
  expect_sentence(
      muster("node --name ann --address 10.77.0.1/24 --device "
             "net_memif0,role=client,id=0,socket=/tmp/muster-none.sock,socket-abstract=no"),
      1, {"/tmp/muster-none.sock", "muster fabric"});
  EXPECT_FALSE(std::filesystem::exists("/tmp/muster-none.sock"));
}

TEST(Mistakes, NameEveryMistakeOfAFileWithItsLine) {
  const auto path = std::filesystem::temp_directory_path() / "muster-mistakes-test.toml";
  std::ofstream(path) << "nam = \"ann\"\nport = 70000\naddress = \"10.77.0.300/24\"\n";
  const Outcome outcome = muster("node --config " + path.string());
  std::filesystem::remove(path);
  EXPECT_NE(outcome.status, 0);
  for (const char* word : {":1:", ":2:", ":3:", "port", "address"})
    EXPECT_NE(outcome.said.find(word), std::string::npos)
        << word << " is missing in: " << outcome.said;
}

TEST(Mistakes, NameAFileThatIsNotThere) {
  expect_sentence(muster("node --config /none.toml"), 2, {"/none.toml"});
}

TEST(Mistakes, NameAnAddressThatIsNotThisMachines) {
  expect_sentence(muster("node --name ann --transport socket --address 203.0.113.1/24"), 1,
                  {"203.0.113.1"});
}

TEST(Help, TeachesWithExamples) {
  for (const char* command : {"", "fabric", "node", "demo"}) {
    const Outcome outcome = muster(std::string(command) + " --help");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_GT(outcome.said.size(), 300u) << command;
  }
  EXPECT_EQ(muster("--version").said.find("muster 0."), 0u);
}

}  // namespace
