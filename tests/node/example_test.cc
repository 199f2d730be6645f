// The example server as its users run it: a process of its own, called from another member.
#include <csignal>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "node/config_file.h"
#include "tests/node/child.h"
#include "tests/node/world.h"
#include "tools/lab/temporary_folder.h"

namespace muster::test {
namespace {

class ExampleServer : public testing::Test {
 protected:
  /// Nobody is accused for being late, nor gives its port up before the other is there.
  static constexpr std::string_view patient =
      "[timers]\nsuspect_after = \"4s\"\nport_lost_after = \"5s\"\n";

  std::string config(int host, std::string_view name, std::string_view port_lines) const {
    const std::string path = fmt::format("{}/{}.toml", folder, name);
    std::ofstream(path) << fmt::format(
        "name = \"{}\"\ncluster = \"example-{}\"\nidle = \"backoff\"\nport = {}\n{}\n{}", name,
        getpid(), 20000 + getpid() % 20000, fmt::format(fmt::runtime(port_lines), host), patient);
    return path;
  }

  void is_called_and_leaves(const std::string& server_config, const std::string& client_config) {
    Child server(MUSTER_EXAMPLES "/echo_server", {server_config});
    ASSERT_EQ(server.line(), "serving /echo");
    Diary diary;
    Node client(load_config(client_config), diary);
    const auto until = [&](const std::function<bool()>& done) {
      for (const TimeNs start = monotonic_ns(); monotonic_ns() - start < 20 * second;) {
        if (done()) return true;
        client.idle(client.poll());
      }
      return false;
    };
    ASSERT_TRUE(client.join(10 * second));
    ASSERT_TRUE(until([&] { return !client.lookup("/echo").empty(); }));
    std::string answer;
    ASSERT_EQ(
        client
            .call("/echo", bytes("hello"), 10 * second,
                  [&](CallOutcome, std::span<const std::byte> payload) { answer = text(payload); })
            .result,
        SendResult::sent);
    EXPECT_TRUE(until([&] { return !answer.empty(); }));
    EXPECT_EQ(answer, "hello");
    server.signal(SIGTERM);
    EXPECT_TRUE(until([&] { return diary.heard("removed server"); }));
    EXPECT_FALSE(diary.heard("suspected server"));
    std::optional<int> status;
    EXPECT_TRUE(until([&] { return (status = server.ended()).has_value(); }));
    EXPECT_EQ(status, 0);
  }

  const TemporaryFolder temporary;
  const std::string folder = temporary.path();
};

TEST_F(ExampleServer, IsCalledOverKernelSockets) {
  constexpr std::string_view port = "transport = \"socket\"\naddress = \"127.0.0.{}/8\"";
  is_called_and_leaves(config(31, "server", port), config(32, "client", port));
}

#ifdef MUSTER_WITH_DPDK
TEST_F(ExampleServer, IsCalledOverDpdk) {
  const auto port = [&](std::string_view role) {
    return fmt::format(
        "device = \"net_memif0,role={},id=0,socket={}/memif.sock\"\naddress = \"10.77.0.{{}}/24\"",
        role, folder);
  };
  is_called_and_leaves(config(1, "server", port("server")), config(2, "client", port("client")));
}
#endif

TEST_F(ExampleServer, SaysWhatIsWrongWithItsConfiguration) {
  Child server(MUSTER_EXAMPLES "/echo_server", {config(1, "server", "")});
  EXPECT_EQ(server.wait(), 1);
}

}  // namespace
}  // namespace muster::test
