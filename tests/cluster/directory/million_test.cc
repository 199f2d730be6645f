// A member with a million bindings: what one call of a verb does is bounded, heartbeats go on
// while the tree is streamed, and the memory of a binding is known (I12, I13).
#include <algorithm>
#include <cstdio>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "cluster/member.h"
#include "sim/silent_events.h"
#include "tests/cluster/support/memory_port.h"

namespace muster {
namespace {

constexpr std::uint32_t bindings = 1'000'000;
constexpr Endpoint group{0xef4d0001, 7777};
constexpr DurationNs delay_ns = 10 * us;

/// Counts what it is told.
class Counting final : public sim::SilentEvents {
 public:
  std::size_t bound = 0;
  std::size_t withdrawn = 0;
  std::size_t told_in_this_call = 0;
  bool removed = false;
  bool synchronized = false;

  void on_suspected(const MemberInfo&) override { ADD_FAILURE() << "suspected"; }
  void on_removed(const MemberInfo&, RemovalReason) override { removed = true; }
  void on_bound(const Binding&) override {
    ++bound;
    ++told_in_this_call;
  }
  void on_withdrawn(const Binding&) override {
    ++withdrawn;
    ++told_in_this_call;
  }
  void on_synchronized() override { synchronized = true; }
};

/// Two members, and what lies between them.
class Couple {
 public:
  struct Side {
    Side(const char* name, std::uint32_t place) : config(config_of(name, place)) {}
    static MemberConfig config_of(const char* name, std::uint32_t place) {
      MemberConfig config;
      config.name = name;
      config.cluster = 7;
      config.self = {0x0a4d0000 + place, 7777};
      config.group = group;
      config.seed = place;
      config.directory.join_from = CatchUpFrom::owners;
      return config;
    }
    MemberConfig config;
    test::MemoryPort port;
    Counting events;
    Member member{config, port, events};
    TimeNs last_heartbeat = 0;
    bool running = true;
  };
  Side owner{"owner", 1};
  Side reader{"reader", 2};
  std::size_t told_most = 0;     ///< of events, in one call
  std::size_t packets_most = 0;  ///< transmitted in one call
  DurationNs heartbeat_gap_most = 0;

  void start(Side& side) { side.member.start(now_); }
  void withdraw_all(Side& side) {
    call(side, [&] { side.member.withdraw_all(now_); });
  }
  void run_until(const std::function<bool()>& done) {
    while (!done()) {
      ASSERT_LT(now_, 600 * second) << "it takes too long";
      step();
    }
  }
  TimeNs now() const { return now_; }

 private:
  struct Flight {
    TimeNs at;
    Side* to;
    Endpoint from;
    std::vector<std::byte> bytes;
  };
  void step() {
    TimeNs next = flights_.empty() ? never_ns : flights_.front().at;
    for (Side* side : {&owner, &reader})
      if (side->running) next = std::min(next, side->member.next_deadline());
    now_ = std::max(now_, next);
    while (!flights_.empty() && flights_.front().at <= now_) {
      const Flight flight = std::move(flights_.front());
      flights_.pop_front();
      Packet& packet = flight.to->port.received(flight.from, flight.bytes);
      if (flight.to->running) call(*flight.to, [&] { flight.to->member.on_packet(now_, packet); });
      flight.to->port.release(packet);
    }
    for (Side* side : {&owner, &reader}) {
      if (!side->running) continue;
      call(*side, [&] { side->member.on_deadline(now_); });
      call(*side, [&] { side->member.transmit(now_); });
    }
  }
  template <class Verb>
  void call(Side& side, Verb verb) {
    side.events.told_in_this_call = 0;
    verb();
    told_most = std::max(told_most, side.events.told_in_this_call);
    auto sent = side.port.take_transmitted();
    packets_most = std::max(packets_most, sent.size());
    Side& other = &side == &owner ? reader : owner;
    for (auto& packet : sent) {
      const auto* header = reinterpret_cast<const wire::Header*>(packet.bytes.data());
      if (wire::Type{header->type} == wire::Type::heartbeat) heartbeat(side);
      flights_.push_back({now_ + delay_ns, &other, side.config.self, std::move(packet.bytes)});
    }
  }
  void heartbeat(Side& side) {
    if (side.last_heartbeat != 0)
      heartbeat_gap_most = std::max(heartbeat_gap_most, now_ - side.last_heartbeat);
    side.last_heartbeat = now_;
  }

  TimeNs now_ = second;
  std::deque<Flight> flights_;
};

std::size_t heap_bytes() { return mallinfo2().uordblks; }

void bind_all(Couple::Side& owner) {
  for (std::uint32_t i = 0; i < bindings; ++i) {
    const std::string path = "/shop/" + std::to_string(i % 100) + "/service-" + std::to_string(i);
    ASSERT_EQ(owner.member.bind(path, std::as_bytes(std::span(path)).first(8)),
              BindResult::changed);
  }
}

TEST(AMillionBindings, AreStreamedAndWithdrawnInBoundedSteps) {
  Couple couple;
  Couple::Side& owner = couple.owner;
  Couple::Side& reader = couple.reader;
  const std::size_t before = heap_bytes();
  bind_all(owner);
  const std::size_t each = (heap_bytes() - before) / bindings;
  std::printf("memory of a binding: %zu bytes\n", each);
  EXPECT_LT(each, 300U);

  couple.start(owner);
  couple.run_until([&] { return owner.member.standing() == Standing::member; });
  couple.run_until([&] { return couple.now() > 10 * second; });
  couple.told_most = couple.packets_most = couple.heartbeat_gap_most = 0;
  couple.start(reader);
  couple.run_until([&] { return reader.events.synchronized; });
  const auto& copy = *reader.member.directory().replica(owner.member.self().id);
  EXPECT_EQ(copy.tree().digest(), owner.member.directory().own().digest());
  EXPECT_EQ(reader.events.bound, bindings);
  EXPECT_EQ(reader.events.withdrawn, 0U);
  std::printf("most in one call: %zu events, %zu packets; requests: %llu\n", couple.told_most,
              couple.packets_most,
              static_cast<unsigned long long>(reader.member.directory().stats().requests));
  EXPECT_LE(couple.told_most, 64U) << "what one packet holds";
  EXPECT_LE(couple.packets_most, owner.config.directory.answer_pages_max);
  EXPECT_LE(couple.heartbeat_gap_most, owner.config.membership.heartbeat_interval_ns + ms);

  couple.told_most = 0;
  owner.running = false;
  owner.member.leave(couple.now());
  for (auto& packet : owner.port.take_transmitted()) {
    Packet& said = reader.port.received(owner.config.self, packet.bytes);
    reader.member.on_packet(couple.now(), said);
    reader.port.release(said);
  }
  EXPECT_FALSE(reader.events.removed) << "not before its last binding";
  couple.run_until([&] { return reader.events.removed; });
  EXPECT_EQ(reader.events.withdrawn, bindings);
  EXPECT_LE(couple.told_most, reader.config.directory.bindings_per_step);
}

TEST(AMillionBindings, AreWithdrawnByTheirOwnerInBoundedSteps) {
  Couple couple;
  Couple::Side& owner = couple.owner;
  bind_all(owner);
  couple.start(owner);
  couple.run_until([&] { return owner.member.standing() == Standing::member; });
  couple.told_most = 0;
  couple.withdraw_all(owner);
  EXPECT_EQ(owner.member.directory().own().size(), 0U) << "for all others it is done";
  couple.run_until([&] { return owner.events.withdrawn == bindings; });
  EXPECT_LE(couple.told_most, owner.config.directory.bindings_per_step);
}

}  // namespace
}  // namespace muster
