// The programs of docs/integration.md, each in processes of its own, over kernel sockets.
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "tests/node/child.h"
#include "tools/lab/temporary_folder.h"

namespace muster::test {
namespace {

class Integration : public testing::Test {
 protected:
  /// Nobody is accused for being late.
  std::string config(int host, const std::string& name, std::string_view mode,
                     std::string_view suspect_after = "4s") const {
    const std::string path = fmt::format("{}/{}.toml", folder, name);
    std::ofstream(path) << fmt::format(
        "name = \"{}\"\ncluster = \"integration-{}\"\nidle = \"backoff\"\nport = {}\n"
        "transport = \"socket\"\naddress = \"127.0.0.{}/8\"\nmode = \"{}\"\n"
        "[timers]\nsuspect_after = \"{}\"\n",
        name, getpid(), 20000 + getpid() % 20000, host, mode, suspect_after);
    return path;
  }
  static std::string program(std::string_view name) {
    return fmt::format("{}/{}", MUSTER_EXAMPLES, name);
  }
  /// "b answered 17" in each line, to the end.
  static std::map<std::string, int> tally(Child& client) {
    std::map<std::string, int> answers;
    for (std::string line = client.line(); !line.empty(); line = client.line()) {
      std::string name, answered;
      std::istringstream(line) >> name >> answered >> answers[name];
    }
    for (auto at = answers.begin(); at != answers.end();)
      at = at->second == 0 ? answers.erase(at) : std::next(at);
    return answers;
  }

  const TemporaryFolder temporary;
  const std::string folder = temporary.path();
};

class IntegrationEitherWay : public Integration, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Modes, IntegrationEitherWay, testing::Values("inline", "pipelined"),
                         [](const auto& each) { return std::string(each.param); });

TEST_P(IntegrationEitherWay, AnEventLoopPassesLinesOn) {
  Child server(program("echo_server"), {config(51, "server", "pipelined")});
  ASSERT_EQ(server.line(), "serving /echo");
  Child loop(program("event_loop"), {config(52, "loop", GetParam())});
  for (const std::string line : {"one", "two", "three"}) {
    loop.write(line + "\n");
    EXPECT_EQ(loop.line(), line);
  }
  loop.write("four\nfive\n");
  loop.end_input();
  EXPECT_EQ(loop.line(), "four");
  EXPECT_EQ(loop.line(), "five");
  EXPECT_EQ(loop.wait(), 0);
}

TEST_F(Integration, CallsAreBalancedAndOutliveAServerThatIsKilled) {
  Child a(program("balanced_service"), {config(61, "a", "pipelined")});
  Child b(program("balanced_service"), {config(62, "b", "pipelined")});
  ASSERT_EQ(a.line(), "serving /quote");
  ASSERT_EQ(b.line(), "serving /quote");
  {
    Child client(program("balanced_service"), {config(63, "client", "pipelined"), "200"});
    const auto answers = tally(client);
    EXPECT_EQ(client.wait(), 0);
    int sum = 0;
    for (const auto& [name, count] : answers) sum += count;
    EXPECT_EQ(sum, 200);
    EXPECT_FALSE(answers.contains("nobody"));
  }
  Child client(program("balanced_service"), {config(64, "other", "pipelined", "1s"), "100000"});
  usleep(2'000'000);  // it joins, and calls
  a.signal(SIGKILL);
  usleep(2'000'000);       // it notices, and calls the other
  client.signal(SIGTERM);  // however many it has made, it says who answered
  const auto answers = tally(client);
  EXPECT_FALSE(answers.contains("nobody"));
  EXPECT_TRUE(answers.contains("b"));
  EXPECT_EQ(client.wait(), 0);
}

TEST_P(IntegrationEitherWay, ACacheForgetsWhatHasChanged) {
  Child a(program("replicated_cache"), {config(71, "a", GetParam())});
  Child b(program("replicated_cache"), {config(72, "b", GetParam())});
  Child c(program("replicated_cache"), {config(73, "c", GetParam())});
  for (Child* each : {&a, &b, &c}) ASSERT_EQ(each->line(), "ready");
  usleep(500'000);  // until all know each other's names
  const auto value = [](Child& at, const std::string& key) {
    at.write("get " + key + "\n");
    const std::string line = at.line();
    return line.substr(0, line.find(" ("));
  };
  for (const std::string key : {"x", "y", "z", "longer"}) {
    a.write(fmt::format("set {} 1\n", key));
    EXPECT_EQ(a.line().substr(0, key.size() + 4), key + " = 1");
    for (Child* each : {&a, &b, &c}) EXPECT_EQ(value(*each, key), key + " = 1");
    c.write(fmt::format("set {} 2\n", key));
    EXPECT_EQ(c.line().substr(0, key.size() + 4), key + " = 2");
    for (Child* each : {&a, &b, &c}) {
      const std::string changed = key + " = 2";
      std::string seen;
      for (int i = 0; i < 2000 && seen != changed; ++i) {
        seen = value(*each, key);
        if (seen != changed) usleep(5000);
      }
      EXPECT_EQ(seen, changed);
    }
  }
}

TEST_P(IntegrationEitherWay, AWatcherOfTheMarketMayComeLate) {
  Child market(program("market_data"), {config(81, "market", GetParam())});
  ASSERT_EQ(market.line(), "the market is open");
  Child early(program("market_data"), {config(82, "early", GetParam()), "trades"});
  ASSERT_EQ(market.line(), "a watcher has come");
  for (const std::string trade : {"ACME 17.50", "ACME 17.75", "DUKE 3.10"})
    market.write(trade + "\n");
  for (const char* line : {"the market is here", "ACME 17.50", "ACME 17.75", "DUKE 3.10"})
    ASSERT_EQ(early.line(), line);
  Child late(program("market_data"), {config(83, "late", GetParam()), "trades"});
  Child latest(program("market_data"), {config(84, "latest", GetParam()), "latest"});
  for (Child* each : {&late, &latest}) ASSERT_EQ(each->line(), "the market is here");
  EXPECT_EQ(late.line(), "ACME 17.50");
  EXPECT_EQ(late.line(), "ACME 17.75");
  for (Child* each : {&late, &latest}) EXPECT_EQ(each->line(), "DUKE 3.10");
  market.write("ACME 18.00\n");
  for (Child* each : {&early, &late, &latest}) EXPECT_EQ(each->line(), "ACME 18.00");
  market.end_input();
  EXPECT_EQ(market.wait(), 0);
  for (Child* each : {&early, &late, &latest}) EXPECT_EQ(each->line(), "the market has gone");
}

}  // namespace
}  // namespace muster::test
