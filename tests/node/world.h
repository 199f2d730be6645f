// A few nodes on one segment, and what each of them has heard.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster/wire/layout.h"
#include "node/address.h"
#include "node/clock.h"
#include "node/node_impl.h"
#include "tests/node/loopback.h"

namespace muster::test {

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline MemberId id(std::string_view name) { return member_id(name); }

/// Writes down what is heard, in order: "joined b", "bound /x=1".
class Diary : public Handler {
 public:
  void on_standing(Standing standing) override {
    constexpr std::array names{"idle", "joining", "member", "refused", "replaced", "left"};
    note(names[static_cast<std::size_t>(standing)]);
  }
  void on_joined(const MemberInfo& member) override { note("joined ", member.name); }
  void on_suspected(const MemberInfo& member) override { note("suspected ", member.name); }
  void on_refuted(const MemberInfo& member) override { note("refuted ", member.name); }
  void on_removed(const MemberInfo& member, RemovalReason) override {
    note("removed ", member.name);
  }
  void on_bound(const Binding& binding) override {
    note("bound ", fmt::format("{}={}", binding.path, text(binding.value)));
  }
  void on_withdrawn(const Binding& binding) override { note("withdrawn ", binding.path); }
  void on_synchronized() override { note("synchronized"); }
  void on_message(const Message& message) override {
    ++messages;
    if (on_data) return on_data(message);
    note("message ", text(message.bytes()));
  }
  void on_undelivered(const Undelivered& report) override {
    undelivered += report.messages;
    reports.push_back(report);
  }
  void on_publication(const Publication& publication) override {
    ++publications;
    if (on_news) return on_news(publication);
    note("published ", text(publication.bytes()));
  }
  void on_stream(const StreamEvent& event) override {
    constexpr std::array names{"began ", "gap ", "dropped ", "ended ", "refused "};
    note(names[static_cast<std::size_t>(event.change)], event.topic);
    streams.push_back(event);
    streams.back().topic = {};
  }
  void on_subscriber(const SubscriberEvent& event) override {
    constexpr std::array names{"subscriber joined", "subscriber left", "subscriber dropped",
                               "subscriber refused"};
    note(names[static_cast<std::size_t>(event.change)]);
  }
  void on_port_lost(std::string_view why) override { note("port lost: ", why); }
  void on_overrun(std::string_view why) override { note("overrun: ", why); }

  std::size_t count(std::string_view entry) const {
    return static_cast<std::size_t>(std::ranges::count(entries, entry));
  }
  bool heard(std::string_view entry) const { return count(entry) > 0; }

  std::vector<std::string> entries;
  std::size_t messages = 0;
  std::size_t undelivered = 0;
  std::vector<Undelivered> reports;
  std::function<void(const Message&)> on_data;
  std::function<void(std::string_view entry)> on_note;  ///< once it is written down
  std::size_t publications = 0;
  std::vector<StreamEvent> streams;  ///< without the topic's name
  std::function<void(const Publication&)> on_news;

 private:
  void note(std::string_view what, std::string_view name = "") {
    entries.push_back(std::string(what) + std::string(name));
    if (on_note) on_note(entries.back());
  }
};

/// One node of the test with its diary.
struct Server {
  Diary diary;
  LoopbackTransport* port = nullptr;
  std::unique_ptr<Node> node;

  Node* operator->() { return node.get(); }
  bool synchronized() const { return node && node->synchronized(); }
};

/// Of a node on a segment of the test.
inline NodeConfig loopback_config(std::string_view name, Mode mode) {
  NodeConfig config;
  config.name = name;
  config.cluster = "test";
  config.transport = TransportKind::socket;
  config.address = "10.77.0.1/24";
  config.mode = mode;
  return config;
}

/// A node that meets nobody.
struct Lone {
  explicit Lone(const NodeConfig& config)
      : node(make_node(config, diary, segment.plug({0x0a4d0001, config.port}))) {}

  Segment segment;
  Diary diary;
  Node node;
};

/// Nodes in the mode that the test is run in, polled by the test's own thread.
class World : public testing::TestWithParam<Mode> {
 protected:
  NodeConfig config(std::string_view name) {
    NodeConfig config = loopback_config(name, GetParam());
    config.address = fmt::format("10.77.0.{}/24", servers_.size() + 1);
    config.idle = Idle::backoff;
    config.membership.heartbeat_interval_ns = 20 * ms;
    config.membership.join_listen_ns = 50 * ms;
    // Sanitizers and busy machines make everything late: nobody shall be accused for it.
    config.membership.suspect_after_ns = 4 * second;
    config.limits.pool_packets = 1024;
    config.limits.kept_packets = 64;
    config.limits.event_queue = 256;
    config.messaging.retained_packets = 1024;
    return config;
  }

  /// Of a node whose death shall be noticed soon, or that shall notice it. A loop that is late by
  /// a heartbeat doubts itself and starts over, so the heartbeats are slow.
  NodeConfig mortal(std::string_view name) {
    NodeConfig mortal = config(name);
    mortal.membership = lan_timers();
    mortal.membership.heartbeat_interval_ns = 150 * ms;
    mortal.membership.suspect_after_ns = second;
    mortal.membership.dead_after_ns = 100 * ms;
    mortal.membership.join_listen_ns = 300 * ms;
    return mortal;
  }

  Server& start(std::string_view name) { return start(config(name)); }
  Server& start(const NodeConfig& config) {
    Server& server = *servers_.emplace_back(std::make_unique<Server>());
    auto port = segment.plug({parse_network(config.address)->address, config.port});
    server.port = port.get();
    server.node = std::make_unique<Node>(make_node(config, server.diary, std::move(port)));
    return server;
  }

  /// Polls all, or `only` one, until `done`; false after a minute: others may need the cores.
  bool until(const std::function<bool()>& done, Server* only = nullptr) {
    const TimeNs start = monotonic_ns();
    while (!done()) {
      if (monotonic_ns() - start > 60 * second) return false;
      if (only == nullptr)
        poll();
      else
        only->node->idle(only->node->poll());
    }
    return true;
  }
  void run_for(DurationNs duration_ns) {
    const TimeNs start = monotonic_ns();
    while (monotonic_ns() - start < duration_ns) poll();
  }
  /// A count that may be told late comes to `expected`, and no further.
  bool stays_at(std::uint64_t expected, const std::function<std::uint64_t()>& count) {
    if (!until([&] { return count() == expected; })) return false;
    run_for(20 * ms);
    return count() == expected;
  }
  /// Its engine has begun a cycle since, and ended it, however late it runs: it does three errands,
  /// of which the second may come before the end of the first one's cycle.
  static void go_round(Client& client) {
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(client.announce({.name = "no path"}).result, TopicResult::invalid_name);
  }
  /// All of them are members, know each other, and hold each other's trees.
  bool settle() {
    return until([&] {
      for (const auto& server : servers_)
        if (!server->node || server->node->standing() != Standing::member ||
            !server->synchronized() || server->node->members().size() + 1 != servers_.size())
          return false;
      return true;
    });
  }

  Segment segment{2048};

 private:
  void poll() {
    std::size_t work = 0;
    for (const auto& server : servers_)
      if (server->node) work += server->node->poll();
    for (const auto& server : servers_)
      if (server->node) return server->node->idle(work);
  }

  std::vector<std::unique_ptr<Server>> servers_;
};

/// In which each piece differs from the others.
inline std::string long_message(std::size_t size) {
  std::string payload(size, '\0');
  for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7 + i / 251);
  return payload;
}

inline std::string mode_name(const testing::TestParamInfo<Mode>& info) {
  return info.param == Mode::run_inline ? "Inline" : "Pipelined";
}
inline const auto both_ways = testing::Values(Mode::run_inline, Mode::pipelined);

}  // namespace muster::test
