#include "dpdk_transport/eal.h"

#include <thread>

#include <gtest/gtest.h>
#include <sched.h>

#include "dpdk_transport/frame_pool.h"
#include "dpdk_transport/interrupt_thread.h"
#include "tests/dpdk_transport/support.h"

namespace muster::dpdk {
namespace {

using testing::Peer;
using testing::TemporaryFolder;

TEST(Eal, StartsOnceAndLeavesTheCallersThreadAlone) {
  cpu_set_t before{}, after{};
  sigset_t mask_before{}, mask_after{};
  sched_getaffinity(0, sizeof before, &before);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
  start_eal(testing::eal);
  start_eal(testing::eal);
  sched_getaffinity(0, sizeof after, &after);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
  EXPECT_EQ(sigismember(&mask_before, SIGINT), sigismember(&mask_after, SIGINT));
}

TEST(Eal, LeavesToItsThreadsOnlyTheSignalsOfTheirFaults) {
  start_eal(testing::eal);
  sigset_t mask{};
  on_interrupt_thread([&] { pthread_sigmask(SIG_SETMASK, nullptr, &mask); });
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE})
    EXPECT_EQ(sigismember(&mask, signal), 0);
  for (const int signal : {SIGTERM, SIGINT, SIGPIPE}) EXPECT_EQ(sigismember(&mask, signal), 1);
}

TEST(Eal, RefusesASecondConfiguration) {
  start_eal(testing::eal);
  EXPECT_THROW(start_eal({.memory_mb = 65}), StartError);
}

TEST(Eal, RegistersThreadsOfOthers) {
  start_eal(testing::eal);
  FramePool pool(512);
  bool registered = false;
  std::thread([&] {
    const bool first = register_thread();
    registered = register_thread() && first;  // a second time does no harm
    free_frame(pool.allocate());
  }).join();
  EXPECT_TRUE(registered);
  EXPECT_EQ(pool.available(), 512U);
}

TEST(Eal, LeavesNoFolderBehindWhenItIsKilled) {
  const TemporaryFolder folder;
  Peer peer({"open", testing::memif("server", folder / "s")});
  ASSERT_EQ(peer.line(), "ready");
  const std::string mine = "/var/run/dpdk/muster-" + std::to_string(peer.pid());
  peer.kill_hard();
  std::error_code not_ours_to_see;
  EXPECT_FALSE(std::filesystem::exists(mine, not_ours_to_see));
}

TEST(Eal, SaysThatThereAreNoHugepages) {
  const TemporaryFolder folder;
  Peer peer({"hugepages", testing::memif("server", folder / "s")});
  const std::string said = peer.line();
  // A machine that has some may use them.
  EXPECT_TRUE(said == "ready" || said.find("MiB of free hugepages") != std::string::npos) << said;
}

TEST(Eal, SaysThatItsMemoryDoesNotSuffice) {
  const TemporaryFolder folder;
  Peer peer({"memory", "1", testing::memif("server", folder / "s")});
  EXPECT_NE(peer.line().find("memory_mb"), std::string::npos);
  EXPECT_EQ(peer.wait(), 1);
}

/// Whose folder that is, and who left it, is no matter.
TEST(Eal, StartsWhereItMayMakeNoFolder) {
  const TemporaryFolder folder;
  Peer peer({"sealed", testing::memif("server", folder / "s")});
  const std::string said = peer.line();
  EXPECT_TRUE(said == "no namespace" || said == "ready") << said;
}

TEST(Eal, TakesMoreArgumentsFromTheUser) {
  const TemporaryFolder folder;
  Peer peer({"open", testing::memif("server", folder / "s"), "--no-hpet"});
  EXPECT_EQ(peer.line(), "ready");
  EXPECT_EQ(peer.stop(), 0);
}

}  // namespace
}  // namespace muster::dpdk
