// What people get wrong at the command line: one sentence that names the thing and the remedy, a
// status that is not zero, and nothing left behind.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/tools/shell.h"

namespace muster {
namespace {

/// Runs `muster` with `arguments`.
ShellResult run(const std::string& arguments) {
  return shell("timeout 60 " + std::string(std::getenv("MUSTER")) + " " + arguments +
               " 2>&1 </dev/null");
}

void expect_sentence(const ShellResult& outcome, int status,
                     std::initializer_list<const char*> words) {
  EXPECT_EQ(outcome.status, status) << outcome.output;
  EXPECT_EQ(std::ranges::count(outcome.output, '\n'), 1) << outcome.output;
  for (const char* word : words)
    EXPECT_NE(outcome.output.find(word), std::string::npos)
        << word << " is missing in: " << outcome.output;
}

TEST(Mistakes, NameAnUnknownOption) { expect_sentence(run("node --nam ann"), 2, {"--nam"}); }

TEST(Mistakes, NameAMissingSubcommand) { expect_sentence(run(""), 2, {"--help"}); }

TEST(Mistakes, NameAnUnknownSubcommand) { expect_sentence(run("nod"), 2, {"nod is no command"}); }

TEST(Mistakes, NameAValueOutOfItsRange) {
  expect_sentence(run("node --port 99999"), 2, {"--port", "99999", "65535"});
  expect_sentence(run("node --name ann --transport socket --address 127.0.0.1/8 --serve nopath"), 2,
                  {"--serve nopath", "segments"});
}

TEST(Mistakes, NameAPortThatDoesNotExist) {
  expect_sentence(run("node --name ann --address 10.77.0.1/24 --device 0000:ff:1f.7"), 1,
                  {"0000:ff:1f.7"});
  expect_sentence(run("node --name ann --address 10.77.0.1/24 --device net_nonsense0"), 1,
                  {"net_nonsense0"});
}

TEST(Mistakes, NameAnInterfaceThatDoesNotExist) {
  for (const char* device : {"nosuch7", "02:00:5e:00:53:77"})
    expect_sentence(run(std::string("node --name ann --address 10.77.0.1/24 --device ") + device),
                    1, {device, "give"});
}

TEST(Mistakes, NameAWayThatCannotBe) {
  expect_sentence(
      run("node --name ann --address 10.77.0.1/24 --way vfio --device net_tap0,iface=muster7"), 1,
      {"net_tap0", "\"vfio\"", "leave the way out"});
  expect_sentence(run("node --way fast"), 2, {"--way", "fast"});
}

TEST(Mistakes, NameASwitchThatDoesNotRun) {
  expect_sentence(
      run("node --name ann --address 10.77.0.1/24 --device "
          "net_memif0,role=client,id=0,socket=/tmp/muster-none.sock,socket-abstract=no"),
      1, {"/tmp/muster-none.sock", "muster fabric"});
  EXPECT_FALSE(std::filesystem::exists("/tmp/muster-none.sock"));
}

TEST(Mistakes, NameEveryMistakeOfAFileWithItsLine) {
  const auto path = std::filesystem::temp_directory_path() / "muster-mistakes-test.toml";
  std::ofstream(path) << "nam = \"ann\"\nport = 70000\naddress = \"10.77.0.300/24\"\n";
  const ShellResult outcome = run("node --config " + path.string());
  std::filesystem::remove(path);
  EXPECT_NE(outcome.status, 0);
  for (const char* word : {":1:", ":2:", ":3:", "port", "address"})
    EXPECT_NE(outcome.output.find(word), std::string::npos)
        << word << " is missing in: " << outcome.output;
}

TEST(Mistakes, NameAFileThatIsNotThere) {
  expect_sentence(run("node --config /none.toml"), 2, {"/none.toml"});
  expect_sentence(run("node --config /tmp"), 2, {"/tmp", "folder"});
}

TEST(Mistakes, NameAnAddressThatIsNotThisMachines) {
  expect_sentence(run("node --name ann --transport socket --address 203.0.113.1/24"), 1,
                  {"203.0.113.1"});
}

TEST(Help, TeachesWithExamples) {
  for (const char* command : {"", "fabric", "node", "demo"}) {
    const ShellResult outcome = run(std::string(command) + " --help");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_GT(outcome.output.size(), 300u) << command;
  }
  EXPECT_EQ(run("--version").output.find("muster 0."), 0u);
}

}  // namespace
}  // namespace muster
