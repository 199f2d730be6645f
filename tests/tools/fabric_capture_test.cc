#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "cluster/config.h"
#include "tests/tools/fabric_frames.h"
#include "tests/tools/shell.h"
#include "tools/errors.h"
#include "tools/fabric/capture.h"
#include "tools/lab/temporary_folder.h"

namespace muster::fabric::test {
namespace {

constexpr TimeNs wall_ns = 1'700'000'000 * second + 123'456'789;

void write_two_frames(const std::string& path) {
  Capture capture(path, 3);
  capture.record(0, wall_ns, muster_frame(group_mac, station(1)));
  auto odd = ethernet(station(1), station(2), 0x0800);  // a length that needs padding
  put_udp(odd, std::vector<std::byte>(7));
  capture.record(2, wall_ns + 1, odd);
}

/// Fails the test where there is no tshark: scripts/setup installs it.
std::string tshark(const std::string& path, const std::string& fields) {
  const ShellResult read =
      shell("tshark -n -r " + path + " -Y udp -T fields -E separator=, " + fields + " 2>/dev/null");
  EXPECT_EQ(read.status, 0);
  return read.output;
}

TEST(Capture, IsReadAsUdpFromPcapng) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.pcapng";
  write_two_frames(path);
  EXPECT_EQ(tshark(path,
                   "-e frame.interface_name -e frame.time_epoch -e udp.dstport -e udp.length "
                   "-e eth.src"),
            "port0,1700000000.123456789,7777,64,02:00:00:00:00:01\n"
            "port2,1700000000.123456790,7777,15,02:00:00:00:00:02\n");
}

TEST(Capture, IsReadAsUdpFromPcap) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.pcap";
  write_two_frames(path);
  EXPECT_EQ(tshark(path, "-e frame.time_epoch -e udp.dstport -e udp.length -e eth.src"),
            "1700000000.123456789,7777,64,02:00:00:00:00:01\n"
            "1700000000.123456790,7777,15,02:00:00:00:00:02\n");
}

TEST(Capture, WritesMoreThanItGathersInMemory) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.pcap";
  const std::vector<std::byte> frame(1500);
  {
    Capture capture(path, 1);
    for (int i = 0; i < 1'000; ++i) capture.record(0, wall_ns, frame);
  }
  EXPECT_EQ(std::filesystem::file_size(path), 24 + 1'000 * (16 + 1500));
}

TEST(Capture, GoesOnQuietlyWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("/dev/full", folder / "x.pcap");
  testing::internal::CaptureStderr();
  {
    Capture capture(folder / "x.pcap", 1);
    capture.flush();
    capture.record(0, wall_ns, std::vector<std::byte>(60));
  }
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find("No space left"), std::string::npos) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
}

TEST(Capture, RefusesOtherEndingsAndFilesThatCannotBeWritten) {
  const TemporaryFolder folder;
  EXPECT_THROW(Capture(folder / "x.txt", 1), UsageError);
  EXPECT_THROW(Capture(folder / "no" / "x.pcap", 1), StartError);
}

}  // namespace
}  // namespace muster::fabric::test
