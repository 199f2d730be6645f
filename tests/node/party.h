// Nodes whose clients run in threads of their own.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/node/world.h"

namespace muster::test {

inline ClientConfig on(ChannelId first_channel, bool directory = true) {
  return {.first_channel = first_channel, .channels = 1, .directory = directory};
}

/// A client and what it has heard; for one thread.
struct Party {
  Party(Node& node, const ClientConfig& config) : client(node.attach(config, diary)) {}

  bool until(const std::function<bool()>& done) {
    const TimeNs start = monotonic_ns();
    for (; !done(); client.idle(client.poll()))
      if (monotonic_ns() - start > 15 * second) return false;
    return true;
  }
  /// For whoever waits for others, who have a limit.
  void serve_until(const std::function<bool()>& done) {
    while (!done()) client.idle(client.poll());
  }
  bool knows(std::string_view name) {
    return until([&] {
      return client.standing() == Standing::member && client.member(id(name)) != nullptr;
    });
  }
  bool send(std::string_view to, std::string_view payload) {
    return until([&] { return client.send(id(to), bytes(payload)) == SendResult::sent; });
  }

  Diary diary;
  Client client;
};

class WithClients : public World {
 protected:
  void SetUp() override { two(config("a"), config("b")); }
  void two(const NodeConfig& of_a, NodeConfig of_b) {
    a = &start(of_a);
    of_b.address = "10.77.0.2/24";
    b = &start(of_b);
    ASSERT_TRUE(settle());
  }
  /// Each in a thread; this one polls the nodes until all have ended.
  void run(const std::vector<std::function<void()>>& bodies) {
    std::atomic<std::size_t> running{bodies.size()};
    std::vector<std::thread> all;
    all.reserve(bodies.size());
    for (const auto& body : bodies)
      all.emplace_back([&running, &body] {
        body();
        --running;
      });
    EXPECT_TRUE(until([&] { return running == 0; }));
    for (std::thread& thread : all) thread.join();
  }

  Server* a = nullptr;
  Server* b = nullptr;
};

}  // namespace muster::test
