#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tools/fabric_frames.h"
#include "tools/errors.h"
#include "tools/fabric/control_client.h"
#include "tools/fabric/control_request.h"
#include "tools/fabric/control_server.h"
#include "tools/fabric/unix_socket.h"
#include "tools/lab/temporary_folder.h"

namespace muster::fabric::test {
namespace {

using nlohmann::json;

class ControlRequest : public testing::Test {
 public:
  json request(std::string_view line) { return json::parse(answer_request(line, forwarder, 7)); }
  void accepts(std::string_view line) {
    const json answer = request(line);
    EXPECT_TRUE(answer["ok"]) << line << " -> " << answer;
  }
  void refuses(std::string_view line, const std::string& field) {
    const json answer = request(line);
    EXPECT_FALSE(answer["ok"]) << line;
    EXPECT_EQ(answer["field"], field) << line;
    EXPECT_TRUE(answer["error"].get<std::string>().starts_with(field)) << answer;
  }
  LinkFaults& out(std::size_t port) { return forwarder.faults().links[port].out.faults(); }
  LinkFaults& in(std::size_t port) { return forwarder.faults().links[port].in.faults(); }

  Forwarder forwarder{SwitchConfig{.ports = 4}};
};

TEST_F(ControlRequest, SetsWhatEveryMemberReceives) {
  accepts(R"({"set":{"loss":0.05,"duplicate":0.1,"reorder":1,"delay_ns":1000}})");
  for (std::size_t port = 0; port < 4; ++port) {
    EXPECT_EQ(out(port),
              (LinkFaults{.loss = 0.05, .duplicate = 0.1, .reorder = 1, .delay_ns = 1000}));
    EXPECT_EQ(in(port), LinkFaults{});
  }
}

TEST_F(ControlRequest, SetsOnePortAndOneDirection) {
  accepts(R"({"set":{"loss":1,"port":2,"direction":"in"}})");
  EXPECT_EQ(in(2).loss, 1);
  EXPECT_EQ(in(1).loss, 0);
  EXPECT_EQ(out(2).loss, 0);
}

TEST_F(ControlRequest, LeavesAloneWhatIsNotNamed) {
  accepts(R"({"set":{"loss":0.5}})");
  accepts(R"({"set":{"delay_ns":7}})");
  EXPECT_EQ(out(0), (LinkFaults{.loss = 0.5, .delay_ns = 7}));
}

TEST_F(ControlRequest, ChangesNothingWhenAnyFieldIsWrong) {
  refuses(R"({"set":{"loss":0.5,"delay_ns":-1}})", "set.delay_ns");
  EXPECT_EQ(out(0), LinkFaults{});
}

TEST_F(ControlRequest, NamesTheFieldThatIsWrong) {
  refuses(R"({"set":{"loss":1.5}})", "set.loss");
  refuses(R"({"set":{"loss":"much"}})", "set.loss");
  refuses(R"({"set":{"lost":1}})", "set.lost");
  refuses(R"({"set":{"port":4}})", "set.port");
  refuses(R"({"set":{"direction":"up"}})", "set.direction");
  refuses(R"({"set":{"delay_ns":1e30}})", "set.delay_ns");
  refuses(R"({"set":[]})", "set");
  refuses(R"({"partition":[[0],[9]]})", "partition[1]");
  refuses(R"({"partition":[[0,1],[1]]})", "partition[1]");
  refuses(R"({"partition":{}})", "partition");
  refuses(R"({"partition":[0]})", "partition[0]");
  refuses(R"({"cut":{"from":0}})", "cut.to");
  refuses(R"({"cut":{"to":0}})", "cut.from");
  refuses(R"({"drop_next":{"type":"gossip"}})", "drop_next.type");
  refuses(R"({"drop_next":{"count":0}})", "drop_next.count");
  refuses(R"({"heal":false})", "heal");
  refuses(R"({"stats":1})", "stats");
  refuses(R"({"dance":true})", "dance");
}

TEST_F(ControlRequest, RefusesWhatIsNotOneRequest) {
  for (const char* line : {"", "{", "[]", "7", "{}", R"({"heal":true,"stats":true})", "\xff\xfe"})
    refuses(line, "request");
  refuses("{\"\xc3\xa4\":1}", "\xc3\xa4");
  refuses(std::string(8000, '['), "request");
}

TEST_F(ControlRequest, PartitionsCutsAndHeals) {
  const Connectivity& connectivity = forwarder.faults().connectivity;
  accepts(R"({"partition":[[0,1],[2,3]]})");
  EXPECT_EQ(connectivity.barrier(1, 2), Drop::partition);
  EXPECT_EQ(connectivity.barrier(2, 3), std::nullopt);
  accepts(R"({"cut":{"from":2,"to":3}})");
  EXPECT_EQ(connectivity.barrier(2, 3), Drop::cut);
  EXPECT_EQ(connectivity.barrier(3, 2), std::nullopt);
  accepts(R"({"heal":true})");
  EXPECT_EQ(connectivity.barrier(1, 2), std::nullopt);
  EXPECT_EQ(connectivity.barrier(2, 3), std::nullopt);
}

TEST_F(ControlRequest, AddsARuleThatDrops) {
  accepts(R"({"drop_next":{"type":"advertisement","from":0,"to":2,"count":3}})");
  const auto pending = forwarder.faults().rules.pending();
  ASSERT_EQ(pending.size(), 1U);
  EXPECT_EQ(pending[0].kind, kind_named("advertisement"));
  EXPECT_EQ(pending[0].from, PortIndex{0});
  EXPECT_EQ(pending[0].to, PortIndex{2});
  EXPECT_EQ(pending[0].count, 3U);
}

TEST_F(ControlRequest, RefusesRulesPastTheBound) {
  for (std::size_t i = 0; i < DropRules::rules_max; ++i) accepts(R"({"drop_next":{}})");
  refuses(R"({"drop_next":{}})", "drop_next");
}

TEST_F(ControlRequest, ReportsCountersAndFaults) {
  accepts(R"({"partition":[[0,1],[2,3]]})");
  accepts(R"({"set":{"loss":0.25,"port":1}})");
  accepts(R"({"drop_next":{"type":"join","to":3}})");
  const auto info = inspect(muster_frame(group_mac, station(0), wire::Type::advertisement));
  forwarder.forward(*info, 0, 0);
  const json stats = request(R"({"stats":true})")["stats"];
  EXPECT_EQ(stats["buffers_in_use"], 7);
  ASSERT_EQ(stats["ports"].size(), 4U);
  EXPECT_EQ(stats["ports"][0]["in"]["frames"], 1);
  EXPECT_EQ(stats["ports"][0]["in"]["bytes"], info->bytes);
  EXPECT_EQ(stats["ports"][0]["in"]["multicast"], json({{"advertisement", 1}}));
  EXPECT_EQ(stats["ports"][0]["in"]["unicast"], json::object());
  EXPECT_EQ(stats["ports"][2]["dropped"], json({{"partition", 1}}));
  EXPECT_EQ(stats["ports"][0]["reaches"], json({1}));
  EXPECT_EQ(stats["ports"][1]["faults"]["out"]["loss"], 0.25);
  EXPECT_EQ(stats["drop_next"], json::parse(R"([{"count":1,"type":"join","to":3}])"));
}

/// A server that is polled until the test ends.
class ControlServerTest : public testing::Test {
 public:
  ~ControlServerTest() override {
    ended_ = true;
    poller_.join();
  }
  int connect() {
    const int fd = connect_to(path);
    EXPECT_GE(fd, 0);
    return fd;
  }
  static void say(int fd, std::string_view text) {
    EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<long>(text.size()));
  }
  /// All that comes until `end`, or until the server closes.
  static std::string hear(int fd, const std::string& end) {
    std::string heard;
    for (char byte = 0; !heard.ends_with(end) && ::recv(fd, &byte, 1, 0) == 1;) heard += byte;
    return heard;
  }

  TemporaryFolder folder;
  std::string path = folder / "control";

 private:
  ControlServer server_{path, [](std::string_view line) { return "<" + std::string(line) + ">"; }};
  std::atomic<bool> ended_ = false;
  std::thread poller_{[this] {
    while (!ended_) {
      server_.poll();
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }};
};

TEST_F(ControlServerTest, AnswersALine) { EXPECT_EQ(ask(path, "hello"), "<hello>"); }

TEST_F(ControlServerTest, PutsALineTogetherAndAnswersSeveral) {
  const int client = connect();
  say(client, "one");
  say(client, " more\ntwo\n");
  EXPECT_EQ(hear(client, "<two>\n"), "<one more>\n<two>\n");
  ::close(client);
}

TEST_F(ControlServerTest, ServesAsManyClientsAsItHasRoomForAndTheOthersThereafter) {
  std::vector<int> idle;
  idle.reserve(ControlServer::clients_max);
  for (std::size_t i = 0; i < ControlServer::clients_max; ++i) idle.push_back(connect());
  say(idle.back(), "last\n");
  EXPECT_EQ(hear(idle.back(), "\n"), "<last>\n");
  const int waiting = connect();
  say(waiting, "patient\n");
  ::close(idle.back());
  idle.pop_back();
  EXPECT_EQ(hear(waiting, "\n"), "<patient>\n");
  ::close(waiting);
  for (const int fd : idle) ::close(fd);
}

TEST_F(ControlServerTest, RefusesAnEndlessLineAndHangsUp) {
  const int client = connect();
  const std::string endless(1000, 'x');
  for (std::size_t sent = 0; sent <= ControlServer::line_bytes_max; sent += endless.size())
    if (::send(client, endless.data(), endless.size(), MSG_NOSIGNAL) < 0) break;
  const std::string answer = hear(client, "\n");
  EXPECT_FALSE(json::parse(answer)["ok"]) << answer;
  EXPECT_EQ(hear(client, "\n"), "");
  ::close(client);
}

TEST_F(ControlServerTest, SurvivesAClientThatVanishes) {
  const int client = connect();
  say(client, "half a li");
  ::close(client);
  EXPECT_EQ(ask(path, "still there"), "<still there>");
}

TEST_F(ControlServerTest, IsNotStartedTwiceAtOnePath) {
  EXPECT_THROW(ControlServer(path, nullptr), StartError);
  EXPECT_EQ(ask(path, "unharmed"), "<unharmed>");
}

TEST(ControlServer, RemovesItsSocketAtTheEnd) {
  const TemporaryFolder folder;
  {
    const ControlServer server(folder / "control", nullptr);
    EXPECT_TRUE(std::filesystem::exists(folder / "control"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "control"));
}

TEST(ControlClient, SaysThatNobodyListens) {
  const TemporaryFolder folder;
  EXPECT_THROW(ask(folder / "nobody", "hello"), StartError);
}

TEST(SocketPath, TakesThePlaceOfAStaleSocket) {
  const TemporaryFolder folder;
  const std::string path = folder / "stale";
  ::close(listen_at("--control", path));
  ASSERT_TRUE(std::filesystem::exists(path));
  ::close(listen_at("--control", path));
}

TEST(SocketPath, LeavesAloneWhatIsNotASocket) {
  const TemporaryFolder folder;
  std::ofstream(folder / "letter") << "dear";
  EXPECT_THROW(listen_at("--control", folder / "letter"), StartError);
  EXPECT_TRUE(std::filesystem::exists(folder / "letter"));
}

TEST(SocketPath, MustHaveAFolderAndFitAnAddress) {
  const TemporaryFolder folder;
  EXPECT_THROW(listen_at("--control", folder / "no" / "x"), StartError);
  EXPECT_THROW(listen_at("--control", folder / std::string(200, 'x')), UsageError);
}

}  // namespace
}  // namespace muster::fabric::test
