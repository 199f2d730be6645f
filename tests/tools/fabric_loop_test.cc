#include <deque>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/tools/fabric_frames.h"
#include "tools/fabric/backoff.h"
#include "tools/fabric/switch_loop.h"
#include "tools/lab/temporary_folder.h"

namespace muster::fabric::test {
namespace {

struct MemoryPort {
  std::deque<MemoryFrame> incoming;
  std::vector<MemoryFrame> outgoing;
  std::size_t room = 1000;
  bool connected = true;

  std::size_t receive(std::span<MemoryFrame> burst) {
    const std::size_t count = std::min(burst.size(), incoming.size());
    for (std::size_t i = 0; i < count; ++i) {
      burst[i] = std::move(incoming.front());
      incoming.pop_front();
    }
    return count;
  }
  std::size_t send(std::span<MemoryFrame> frames) {
    const std::size_t count = std::min(room, frames.size());
    for (MemoryFrame& frame : frames.first(count)) outgoing.push_back(std::move(frame));
    room -= count;
    return count;
  }
  bool link_up() const { return connected; }
};

class SwitchLoopTest : public testing::Test {
 public:
  void arrive(std::size_t port, std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i)
      ports[port].incoming.emplace_back(muster_frame(group_mac, station(1)), pool);
  }

  MemoryFrame::Pool pool;
  FabricSwitch<MemoryFrame> fabric{{.ports = 2}};
  std::vector<MemoryPort> ports{2};
  SwitchLoop<MemoryPort, MemoryFrame> loop{fabric, ports, nullptr, 0};
};

TEST_F(SwitchLoopTest, CarriesFramesAcrossInOneCycle) {
  arrive(0, 3);
  EXPECT_EQ(loop.cycle(0), 6U);
  EXPECT_EQ(ports[1].outgoing.size(), 3U);
  EXPECT_TRUE(ports[0].outgoing.empty());
  EXPECT_EQ(loop.cycle(1), 0U);
}

TEST_F(SwitchLoopTest, TakesOneBurstFromEachPortInACycle) {
  arrive(0, 100);
  arrive(1, 1);
  loop.cycle(0);
  EXPECT_EQ(ports[1].outgoing.size(), fabric.burst_max);
  EXPECT_EQ(ports[0].outgoing.size(), 1U);
}

TEST_F(SwitchLoopTest, TriesAgainWhatAMemberDidNotTake) {
  ports[1].room = 1;
  arrive(0, 3);
  loop.cycle(0);
  EXPECT_EQ(ports[1].outgoing.size(), 1U);
  ports[1].room = 1000;
  loop.cycle(1);
  EXPECT_EQ(ports[1].outgoing.size(), 3U);
}

TEST_F(SwitchLoopTest, KeepsNothingForAMemberThatIsGone) {
  ports[1].room = 0;
  ports[1].connected = false;
  arrive(0, 3);
  loop.cycle(0);
  EXPECT_FALSE(fabric.waiting(1));
  EXPECT_EQ(fabric.forwarder().counters()[1].dropped[static_cast<std::size_t>(Drop::no_link)], 3U);
}

TEST_F(SwitchLoopTest, CapturesWhatEntersWithItsWallTime) {
  const TemporaryFolder folder;
  const std::size_t frame_bytes = muster_frame(group_mac, station(1)).size();
  {
    Capture capture(folder / "x.pcap", 2);
    SwitchLoop<MemoryPort, MemoryFrame> captured(fabric, ports, &capture, 1000);
    arrive(0, 2);
    captured.cycle(0);
  }
  EXPECT_EQ(std::filesystem::file_size(folder / "x.pcap"), 24 + 2 * (16 + frame_bytes));
}

TEST(Backoff, RestsLongerTheLongerNothingHappensAndNotPastWhatIsDue) {
  Backoff backoff;
  const auto lasts = [&](DurationNs due_in_ns) {
    const auto start = std::chrono::steady_clock::now();
    backoff.rest(due_in_ns);
    return std::chrono::steady_clock::now() - start;
  };
  for (int i = 0; i < 1'000; ++i) lasts(0);  // long idle, and each time something was due
  EXPECT_GE(lasts(never_ns), std::chrono::nanoseconds(Backoff::sleep_ns_max));
  const DurationNs soon = Backoff::sleep_ns_min;
  EXPECT_GE(lasts(soon), std::chrono::nanoseconds(soon));
}

}  // namespace
}  // namespace muster::fabric::test
