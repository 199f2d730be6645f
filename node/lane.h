// The rings between one thread of the application and the engine's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "node/channel_set.h"
#include "node/clock.h"
#include "node/engine.h"
#include "node/errands.h"
#include "node/listener.h"
#include "node/runner.h"
#include "node/wake_up.h"
#include "ring/boost_ring.h"
#include "ring/spsc_ring.h"

namespace muster {

/// The application's thread touches no packet pool: the engine thread keeps it in stock with empty
/// packets, and takes back those that it has done with.
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

  // For the application's thread.

  std::size_t begin_cycle() override {
    if (wake_up_) room_seen_ = room_.load(std::memory_order_acquire);
    return 0;
  }
  std::size_t end_cycle() override { return 0; }
  TimeNs next_deadline() const override { return never_ns; }
  TimeNs now() const override { return monotonic_ns(); }
  bool next(Word& word) override {
    if (!listener_.events().pop(word)) return false;
    ++heard_words_;
    return true;
  }
  void heard_packet() override { listener_.heard_packet(); }
  void heard_opened(std::size_t bytes) override { listener_.heard_opened(bytes); }

  Packet* allocate() override;
  Allocation allocate_for(const Destination& to, bool goes_on, PacketCredit* credit) override;
  void retain(Packet& packet) override { transport_.retain(packet); }
  void release(Packet& packet) override;
  void give_back(Packet& packet) override { unused_.push_back(&packet); }
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
  int event_fd() override;
  bool arm(TimeNs until, bool for_room) override;
  void disarm() override;

  // For the engine's.

  Listener& listener() { return listener_; }
  ChannelSet channels() const { return channels_; }
  void set_channels(ChannelSet channels);
  /// What the application has given back, given to send, and asked for, in this order. Returns how
  /// much that was.
  std::size_t serve(Engine& engine, TimeNs now);
  /// Empty packets that lie there, or that the application has and has not given to send.
  std::size_t unsent() const {
    return given_out_ + from_pool_.load(std::memory_order_relaxed) - taken_count_;
  }
  /// At the end of a cycle: empty packets go there, and a sleeper is woken. `unsent_of_all` is of
  /// all lanes, and counts what goes there.
  void settle(Engine& engine, std::size_t& unsent_of_all);
  /// Once Shared::ended is set.
  void wake_for_good();

 private:
  using PacketRing = ring::SpscRing<Packet*>;
  static constexpr std::uint64_t no_room_wanted = ~std::uint64_t{0};
  /// What was submitted before it is sent before it is carried out.
  struct QueuedCommand {
    Command command;
    std::uint64_t after_submitted;
  };

  /// `sent`: one more packet may be on its way there; else what stands against it.
  SendResult lacking(const Destination& to, PacketCredit& credit) const;
  std::size_t take_back();
  std::size_t take_submitted(Engine& engine);
  std::size_t take_commands(Engine& engine, TimeNs now);
  bool keep_in_stock(Engine& engine, std::size_t& unsent_of_all);
  Packet* give_out(Engine& engine, std::size_t& unsent_of_all);
  void wake_application();

  Transport& transport_;
  Shared& shared_;
  const std::uint32_t payload_bytes_max_;
  const std::uint32_t queue_packets_;
  const std::size_t pool_packets_;
  Listener listener_;
  PacketRing stock_;      // engine -> application: empty packets
  PacketRing submitted_;  // application -> engine: packets that hold an Outgoing
  PacketRing returned_;   // application -> engine: packets that it has done with
  ring::BoostRing<QueuedCommand*> commands_;
  std::vector<Packet*> unused_;  // given back: the application's, as the next four
  std::uint64_t submitted_count_ = 0;
  std::uint64_t heard_words_ = 0;
  std::uint64_t room_seen_ = 0;
  std::optional<WakeUp> wake_up_;
  /// The application sleeps, or is about to, and has heard so many words, or wants more room than
  /// there had been. The engine looks at it in each cycle, so that it needs no fence, and rings
  /// once for each time.
  std::atomic<bool> asleep_{false};
  std::atomic<std::uint64_t> asleep_since_word_{0};
  std::atomic<std::uint64_t> asleep_since_room_{no_room_wanted};
  /// Empty packets that the application has taken past the stock, which is seldom.
  std::atomic<std::uint64_t> from_pool_{0};
  /// Times that there was more; the engine's, as the rest.
  alignas(ring::line_stride_bytes) std::atomic<std::uint64_t> room_{0};
  ChannelSet channels_;
  std::size_t unsent_max_ = 0;
  std::uint64_t given_out_ = 0;    // for the stock
  std::uint64_t taken_count_ = 0;  // of those submitted
  bool taken_any_ = false;         // in this cycle
  bool was_crowded_ = false;
  std::unique_ptr<QueuedCommand> next_command_;
  Packet* spare_ = nullptr;  // allocated, and no room in the stock
};

}  // namespace muster
