// A port with several queues, each with an I/O thread.
#include <array>
#include <mutex>
#include <set>
#include <thread>

#include "node/absences.h"
#include "node/address.h"
#include "node/engine_port.h"
#include "tests/node/conversation.h"
#include "tests/node/world.h"

namespace muster::test {
namespace {

/// A port of the segment, and what has come to each of its queues: what one peer sends comes to one
/// of them, as a port with RSS has it, and what is multicast too.
class SplitPort {
 public:
  SplitPort(std::unique_ptr<LoopbackTransport> link, std::size_t queues)
      : link_(std::move(link)), inboxes_(queues) {}
  ~SplitPort() {
    for (const auto& inbox : inboxes_)
      for (Packet* packet : inbox) link_->release(*packet);
  }
  SplitPort(const SplitPort&) = delete;
  SplitPort& operator=(const SplitPort&) = delete;

  LoopbackTransport& link() { return *link_; }
  void transmit(std::size_t queue, Packet& packet) {
    const std::lock_guard lock(mutex_);
    if (!packet.peer.address.is_multicast()) peers_[queue].insert(packet.peer.address.low);
    link_->transmit(packet);
  }
  /// To whom was sent by a queue.
  std::set<std::uint64_t> peers(std::size_t queue) const {
    const std::lock_guard lock(mutex_);
    return peers_[queue];
  }
  std::size_t receive(std::size_t queue, std::span<Packet*> burst) {
    if (const DurationNs pause_ns = pauses_ns[queue].exchange(0); pause_ns > 0)
      std::this_thread::sleep_for(std::chrono::nanoseconds(pause_ns));
    const std::lock_guard lock(mutex_);
    std::array<Packet*, 32> all;
    const std::size_t some = link_->receive(all);
    for (Packet* packet : std::span(all).first(some))
      inboxes_[packet->peer.address.low % inboxes_.size()].push_back(packet);
    std::vector<Packet*>& inbox = inboxes_[queue];
    const std::size_t taken = std::min(burst.size(), inbox.size());
    std::copy_n(inbox.begin(), taken, burst.begin());
    inbox.erase(inbox.begin(), inbox.begin() + static_cast<std::ptrdiff_t>(taken));
    counts_[queue] += taken;
    return taken;
  }
  std::size_t received(std::size_t queue) const { return counts_[queue]; }

  /// For how long a queue's thread is away when it comes the next time.
  std::array<std::atomic<DurationNs>, 2> pauses_ns{};

 private:
  std::unique_ptr<LoopbackTransport> link_;
  mutable std::mutex mutex_;
  std::vector<std::vector<Packet*>> inboxes_;
  std::array<std::set<std::uint64_t>, 2> peers_;
  std::array<std::atomic<std::size_t>, 4> counts_{};
};

class SplitQueue final : public Transport {
 public:
  SplitQueue(std::shared_ptr<SplitPort> port, std::size_t queue)
      : port_(std::move(port)), queue_(queue) {}

  Packet* allocate() override { return port_->link().allocate(); }
  void retain(Packet& packet) override { port_->link().retain(packet); }
  void release(Packet& packet) override { port_->link().release(packet); }
  void transmit(Packet& packet) override { port_->transmit(queue_, packet); }
  std::size_t receive(std::span<Packet*> burst) override { return port_->receive(queue_, burst); }
  std::size_t flush() override { return 0; }
  Endpoint self() const override { return port_->link().self(); }
  Link link() override { return port_->link().link(); }
  std::uint32_t payload_bytes_max() const override { return port_->link().payload_bytes_max(); }

 private:
  const std::shared_ptr<SplitPort> port_;
  const std::size_t queue_;
};

NodeConfig config_of(std::string_view name, std::string_view address) {
  NodeConfig config = loopback_config(name, Mode::pipelined);
  config.transport = TransportKind::dpdk;
  config.device = "net_null0";  // not opened
  config.io_threads = 2;
  config.address = address;
  config.idle = Idle::backoff;
  config.membership.heartbeat_interval_ns = 20 * ms;
  config.membership.join_listen_ns = 50 * ms;
  config.membership.suspect_after_ns = 4 * second;
  return config;
}

struct Member {
  Member(Segment& segment, std::string_view name, std::string_view address)
      : config(config_of(name, address)) {
    auto link = segment.plug({parse_network(address)->address, config.port});
    link->leaks = &leaks;
    port = std::make_shared<SplitPort>(std::move(link), 2);
    std::vector<std::unique_ptr<Transport>> queues;
    for (const std::size_t queue : {0U, 1U})
      queues.push_back(std::make_unique<SplitQueue>(port, queue));
    node = std::make_unique<Node>(make_node(config, diary, std::move(queues)));
  }

  NodeConfig config;
  Diary diary;
  std::shared_ptr<SplitPort> port;
  std::unique_ptr<Node> node;
  std::uint32_t leaks = 1;
};

TEST(NodeWithQueues, KeepsTheOrderOfEachChannelAndGivesAllPacketsBack) {
  // As large as the nodes say that they need.
  Segment segment(8192);
  Member a(segment, "a", "10.77.0.1/24");
  Member b(segment, "b", "10.77.0.2/24");
  Member c(segment, "c", "10.77.0.3/24");
  {
    const std::array nodes{a.node.get(), b.node.get(), c.node.get()};
    ASSERT_TRUE(poll_until(nodes, [&] {
      return std::ranges::all_of(nodes, [](Node* node) { return node->members().size() == 2; });
    }));
    Conversation b_and_c(*b.node, b.diary, *c.node, c.diary);
    EXPECT_EQ(b_and_c.run(nodes, 5'000), "");
    Conversation a_and_c(*a.node, a.diary, *c.node, c.diary);
    EXPECT_EQ(a_and_c.run(nodes, 5'000), "");
  }
  // b and c are of two queues to a, and both were used.
  for (const std::size_t queue : {0U, 1U}) EXPECT_GT(a.port->received(queue), 0U) << queue;
  for (const Member* member : {&a, &b, &c})
    for (const std::uint64_t peer : member->port->peers(0))
      EXPECT_FALSE(member->port->peers(1).contains(peer)) << member->config.name;
  for (Member* member : {&a, &b, &c}) {
    member->node.reset();
    member->port.reset();
    EXPECT_EQ(member->leaks, 0U) << member->config.name;
  }
}

TEST(NodeWithQueues, CountsWhatAllOfThemHaveStalled) {
  Segment segment;
  Member a(segment, "a", "10.77.0.1/24");
  const std::array nodes{a.node.get()};
  ASSERT_TRUE(poll_until(nodes, [&] { return a.node->standing() == Standing::member; }));
  a.port->pauses_ns[1] = 300 * ms;
  EXPECT_TRUE(poll_until(nodes, [&] {
    const NodeStats stats = a.node->stats();
    return stats.io_stalls.longest_ns >= 250 * ms && stats.away_ns >= 250 * ms;
  }));
  a.node.reset();
}

TEST(Absences, OfTheSameTimeCountOnce) {
  Absences absences;
  EXPECT_EQ(absences.add(100, 100), 100);
  EXPECT_EQ(absences.add(101, 100), 1) << "the other thread, a moment later";
  EXPECT_EQ(absences.add(90, 50), 0);
  EXPECT_EQ(absences.add(250, 50), 50);
  EXPECT_EQ(absences.add(260, 100), 50) << "it began before, and goes on";
  EXPECT_EQ(absences.add(260, 100), 0);
}

TEST(EnginePorts, KeepAPeerToOneQueueAndGroupsToTheFirst) {
  Segment segment;
  const auto link = segment.plug({0x0a4d0001, 7777});
  std::array<std::unique_ptr<EnginePort::PacketRing>, 2> rings;
  std::vector<EnginePort::PacketRing*> outgoing;
  for (auto& ring : rings)
    outgoing.push_back((ring = std::make_unique<EnginePort::PacketRing>(1024)).get());
  EnginePort port(*link, outgoing);
  std::array<std::size_t, 2> peers{};
  for (std::uint32_t host = 2; host < 252; ++host) {
    const Endpoint peer{0x0a4d0000 + host, 7777};
    const std::size_t queue = port.queue_of(peer);
    ++peers[queue];
    EXPECT_EQ(port.queue_of(peer), queue);
    Packet* packet = port.allocate();
    packet->peer = peer;
    port.transmit(*packet);
    Packet* sent = nullptr;
    ASSERT_TRUE(rings[queue]->pop(sent));
    EXPECT_EQ(sent, packet);
    port.release(*sent);
  }
  for (const std::size_t count : peers) EXPECT_GT(count, 75U) << "of 250";
  EXPECT_EQ(port.queue_of({0xef4d0001, 7777}), 0U);
  EXPECT_EQ(port.queue_of({default_group({0xfd77'0000'0000'0000, 1}), 7777}), 0U);
}

}  // namespace
}  // namespace muster::test
