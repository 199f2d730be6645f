// Two members and nothing between them but memory: a vhost and a virtio-user, and the two ends of a
// memif, of which one has the other read and write its own packets.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/e2e/members.h"
#include "tools/lab/temporary_folder.h"

namespace muster::e2e {
namespace {

struct Ends {
  const char* name;
  const char* listens;  ///< the device of the one; {} is the socket
  const char* calls;
  bool interrupts;  ///< wake who sleeps on it
};
constexpr Ends pairs[] = {{"Virtio", "net_vhost0,iface={}", "net_virtio_user0,path={}", true},
                          {"MemifWithoutCopies", "net_memif0,role=server,id=0,socket={}",
                           "net_memif0,role=client,id=0,socket={},zero-copy=yes", false}};

class Pairs : public testing::TestWithParam<Ends> {
 protected:
  void start(const std::string& name, const std::string& address, const char* device,
             const std::vector<std::string>& more = {}) {
    const std::string socket = (folder_ / "pair.sock").string();
    std::vector<std::string> options = {"--address", address, "--device",
                                        fmt::format(fmt::runtime(device), socket)};
    options.insert(options.end(), more.begin(), more.end());
    members_.start(name, options);
  }
  bool all_meet() {
    return members_.wait([this] { return members_.all_see_all(); });
  }

  TemporaryFolder folder_;
  Members members_;
};

TEST_P(Pairs, TalkInLongMessagesAndPart) {
  start("ann", "10.77.0.1/24", GetParam().listens);
  ASSERT_TRUE(all_meet());
  start("bob", "10.77.0.2/24", GetParam().calls);
  ASSERT_TRUE(all_meet()) << members_.views();
  members_.talk(10, 100'000);
  members_.leave("bob");
}

TEST_P(Pairs, AreWokenWhereTheirPortCanDoIt) {
  start("ann", "10.77.0.1/24", GetParam().listens);
  ASSERT_TRUE(all_meet());
  start("bob", "10.77.0.2/24", GetParam().calls, {"--mode", "inline", "--idle", "sleep"});
  ASSERT_TRUE(all_meet()) << members_.views();
  const std::string waits = members_.at("bob").last("waits").value("idle", "");
  EXPECT_EQ(waits, GetParam().interrupts ? "sleep" : "backoff");
  const std::string lowered = members_.at("bob").last("port").dump();
  EXPECT_EQ(lowered.find("receive interrupts") == std::string::npos, GetParam().interrupts)
      << lowered;
  members_.talk(10, 100'000);
  members_.leave("bob");
}

INSTANTIATE_TEST_SUITE_P(Devices, Pairs, testing::ValuesIn(pairs),
                         [](const auto& ends) { return ends.param.name; });

}  // namespace
}  // namespace muster::e2e
