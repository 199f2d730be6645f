// The inline way: the application's own thread runs everything to completion.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "node/cycle_clock.h"
#include "node/driver.h"
#include "node/duty_cycle.h"
#include "node/engine.h"
#include "node/listener.h"
#include "node/open_port.h"
#include "node/port_watch.h"
#include "node/runner.h"
#include "node/wake_up.h"

namespace muster {

/// A cycle: receive a burst, let the application hear it, then do what is due and send. The
/// application comes before the sending, so that its answers carry the acknowledgements.
class InlineRunner final : public Driver, public Runner {
 public:
  /// Begins to join. `port` outlives the runner.
  InlineRunner(const NodeConfig& config, OpenPort& port);
  std::size_t begin_cycle() override;
  std::size_t end_cycle() override;
  TimeNs next_deadline() const override { return std::min(engine_.next_deadline(), flush_at_ns_); }
  TimeNs now() const override { return in_cycle_ ? cycle_ns_ : clock_.now(); }
  bool next(Word& word) override {
    if (!listener_.events().pop(word)) return false;
    active_ = true;
    return true;
  }

  void heard_packet() override { listener_.heard_packet(); }
  void heard_opened(std::size_t bytes) override { listener_.heard_opened(bytes); }

  Packet* allocate() override {
    return engine_.member().messaging().may_send(unsent_packets_) ? take() : nullptr;
  }
  void give_back(Packet& packet) override {
    --unsent_packets_;
    transport_.release(packet);
  }
  /// What a topic may keep is reserved.
  Allocation allocate_for(const Destination& to, bool goes_on, PacketCredit*) override {
    const bool may_send =
        to.topic != 0 || engine_.member().messaging().may_send(to.to, goes_on, unsent_packets_);
    return {may_send ? take() : nullptr, SendResult::blocked(Exhausted::packets)};
  }
  void retain(Packet& packet) override { transport_.retain(packet); }
  void release(Packet& packet) override { transport_.release(packet); }
  bool attach(Packet& packet, std::span<const std::byte> bytes, MessageMemory& memory) override {
    return transport_.attach(packet, bytes, memory);
  }
  LendableMemory* lendable_memory() override { return transport_.lendable_memory(); }
  std::uint32_t payload_bytes_max() const override { return transport_.payload_bytes_max(); }
  SendResult submit(Packet& packet, const Outgoing& outgoing, PacketCredit* credit) override;
  DurationNs round_trip_ns(MemberId peer, const Credit*) const override {
    return engine_.member().messaging().round_trip_ns(peer).value_or(never_ns);
  }
  bool execute(Command command) override;
  Announcement announce(const TopicConfig& topic) override;
  void withdraw_topic(TopicNumber topic) override;
  Subscribed subscribe(std::string_view topic, From from) override;
  void unsubscribe(SubscriptionNumber subscription) override;
  std::size_t lag_packets(TopicNumber topic, const TopicCredit*) const override {
    return engine_.lag_packets(topic);
  }
  int event_fd() override;
  bool arm(TimeNs until, bool for_room) override;
  void disarm() override { transport_.disarm(); }

  Runner& runner() override { return *this; }
  void fill(NodeStats& stats) override;
  std::unique_ptr<Runner> attach(ChannelSet channels, bool directory) override;
  void end() override;

 private:
  static constexpr std::size_t burst_max = 32;

  std::size_t take_in();
  void flush_port();
  bool is_quiet();

  Packet* take() {
    Packet* packet = transport_.allocate();
    if (packet != nullptr) ++unsent_packets_;
    return packet;
  }

  OpenPort& port_;
  Transport& transport_;
  Listener listener_;
  Engine engine_;
  DutyCycle duty_;
  PortWatch watch_;
  std::optional<WakeUp> wake_up_;
  mutable CycleClock clock_;
  std::size_t unsent_packets_ = 0;  ///< the application has them to write
  bool active_ = true;  ///< something has come, was heard or was asked for since the last finish()
  TimeNs quiet_until_ns_ = 0;      ///< without that there is nothing to do before then
  TimeNs flush_at_ns_ = never_ns;  ///< what the port has not taken is tried again then
  TimeNs cycle_ns_ = 0;
  bool in_cycle_ = false;
};

}  // namespace muster
