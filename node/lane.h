// One thread of the application, over rings from and to the engine's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "node/channel_set.h"
#include "node/clock.h"
#include "node/engine_lane.h"
#include "node/errands.h"
#include "node/lane_rings.h"
#include "node/runner.h"

namespace muster {

/// All of it but engines() is the application's thread's. That touches no packet pool: the engine's
/// keeps it in stock with empty packets, and takes back those that it has done with.
class Lane : public Runner {
 public:
  /// What the lanes of a node have in common, for all of their threads.
  struct Shared {
    std::atomic<bool> crowded{false};  ///< Messaging::crowded()
    Errands errands;
  };

  /// For a thread with these channels: of the packets that lie in stock, and of those that are not
  /// given to send, it has a share for each.
  /// `transport` and `shared` outlive it.
  Lane(const NodeConfig& config, Transport& transport, Shared& shared, ChannelSet channels);
  ~Lane() override;

  std::size_t begin_cycle() override {
    rings_.sleeper.look_for_room();
    return 0;
  }
  std::size_t end_cycle() override { return 0; }
  TimeNs next_deadline() const override { return never_ns; }
  TimeNs now() const override { return monotonic_ns(); }
  bool next(Word& word) override {
    if (!rings_.listener.events().pop(word)) return false;
    ++heard_words_;
    return true;
  }
  void heard_packet() override { rings_.listener.heard_packet(); }
  void heard_opened(std::size_t bytes) override { rings_.listener.heard_opened(bytes); }

  Packet* allocate() override;
  Allocation allocate_for(const Destination& to, bool goes_on, PacketCredit* credit) override;
  void retain(Packet& packet) override { transport_.retain(packet); }
  void release(Packet& packet) override;
  void give_back(Packet& packet) override { unused_.push_back(&packet); }
  bool attach(Packet& packet, std::span<const std::byte> bytes, MessageMemory& memory) override {
    return transport_.attach(packet, bytes, memory);
  }
  LendableMemory* lendable_memory() override { return transport_.lendable_memory(); }
  std::uint32_t payload_bytes_max() const override { return payload_bytes_max_; }
  SendResult submit(Packet& packet, const Outgoing& outgoing, PacketCredit* credit) override;
  DurationNs round_trip_ns(MemberId, const Credit* credit) const override {
    return credit->round_trip_ns();
  }
  bool execute(Command command) override;
  Announcement announce(const TopicConfig& topic) override;
  void withdraw_topic(TopicNumber topic) override;
  Subscribed subscribe(std::string_view topic, From from) override;
  void unsubscribe(SubscriptionNumber subscription) override;
  std::size_t lag_packets(TopicNumber, const TopicCredit* credit) const override {
    return credit->held_packets();
  }
  int event_fd() override { return rings_.sleeper.fd(); }
  bool arm(TimeNs until, bool for_room) override;
  void disarm() override { rings_.sleeper.disarm(); }

  /// The engine thread's end of it.
  EngineLane& engines() { return engines_; }

 protected:
  Listener& listener() { return rings_.listener; }

 private:
  /// `sent`: one more packet may be on its way there; else what stands against it.
  SendResult lacking(const Destination& to, PacketCredit& credit) const;
  void carry_out(const std::function<void(Engine&)>& errand);

  Transport& transport_;
  Shared& shared_;
  const std::uint32_t payload_bytes_max_;
  const std::uint32_t queue_packets_;
  LaneRings rings_;
  alignas(ring::line_stride_bytes) EngineLane engines_;
  alignas(ring::line_stride_bytes) std::vector<Packet*> unused_;  // given back
  std::uint64_t submitted_count_ = 0;
  std::uint64_t heard_words_ = 0;
};

}  // namespace muster
