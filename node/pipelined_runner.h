// The pipelined way: an I/O thread and an engine thread, rings between them and the application.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "node/engine.h"
#include "node/engine_port.h"
#include "node/inquiry.h"
#include "node/io_loop.h"
#include "node/open_port.h"
#include "node/runner.h"
#include "node/wake_up.h"
#include "ring/boost_ring.h"
#include "ring/spsc_ring.h"

namespace muster {

/// The application's thread touches no packet pool: the engine thread keeps it in stock with empty
/// packets, and takes back those that it has done with.
class PipelinedRunner final : public Runner {
 public:
  /// Begins to join. `port` outlives the runner. Throws StartError when a core cannot be had.
  PipelinedRunner(const NodeConfig& config, OpenPort& port);
  /// Leaves, sends what that takes, and ends the threads.
  ~PipelinedRunner() override;

  std::size_t begin_cycle() override {
    if (wake_up_) room_seen_ = room_.load(std::memory_order_acquire);
    return 0;
  }
  std::size_t end_cycle() override { return 0; }
  TimeNs next_deadline() const override { return never_ns; }
  bool next(Word& word) override {
    if (!engine_.events().pop(word)) return false;
    ++heard_words_;
    return true;
  }

  void heard_packet() override { engine_.heard_packet(); }
  void heard_opened(std::size_t bytes) override { engine_.heard_opened(bytes); }

  Packet* allocate() override;
  Allocation allocate_for(const Recipient& to, bool goes_on, Credit* credit) override;
  void retain(Packet& packet) override { engine_port_.retain(packet); }
  void release(Packet& packet) override;
  std::uint32_t payload_bytes_max() const override { return payload_bytes_max_; }
  SendResult submit(Packet& packet, const Outgoing& outgoing, Credit* credit) override;
  DurationNs round_trip_ns(MemberId, const Credit* credit) const override {
    return credit->round_trip_ns();
  }
  bool execute(Command command) override;
  int event_fd() override;
  bool arm(TimeNs until, bool for_room) override;
  void disarm() override;
  void fill(NodeStats& stats) override;

 private:
  using PacketRing = ring::SpscRing<Packet*>;
  static constexpr std::uint64_t no_room_wanted = ~std::uint64_t{0};
  /// What was submitted before it is sent before it is carried out.
  struct QueuedCommand {
    Command command;
    std::uint64_t after_submitted;
  };

  /// Whether a channel may have one more packet on its way to its session; what stands against it.
  Exhausted lacking(ChannelCredit& channel) const;
  void start_threads(const CoresConfig& cores, const OpenPort& port);
  void end_threads();
  void run_engine();
  std::size_t engine_cycle(TimeNs now);
  std::size_t take_back();
  std::size_t take_submitted();
  std::size_t take_commands(TimeNs now);
  bool keep_in_stock();
  void wake_application();

  const Idle idle_;
  const std::uint32_t payload_bytes_max_;
  const std::uint32_t queue_packets_;
  std::atomic<bool> crowded_{false};  ///< Messaging::crowded(), for the application's thread
  PacketRing received_;               // I/O -> engine
  PacketRing outgoing_;               // engine -> I/O
  PacketRing stock_;                  // engine -> application: empty packets
  PacketRing submitted_;              // application -> engine: packets that hold an Outgoing
  PacketRing returned_;               // application -> engine: packets that it has done with
  ring::BoostRing<QueuedCommand*> commands_;
  std::uint64_t submitted_count_ = 0;  // the application's, as the next three
  std::uint64_t heard_words_ = 0;
  std::uint64_t room_seen_ = 0;
  std::optional<WakeUp> wake_up_;
  /// The application sleeps, or is about to, and has heard so many words, or wants more room than
  /// there had been. The engine looks at it in each cycle, so that it needs no fence, and rings
  /// until it is heard.
  std::atomic<bool> asleep_{false};
  std::atomic<std::uint64_t> asleep_since_word_{0};
  std::atomic<std::uint64_t> asleep_since_room_{no_room_wanted};
  alignas(ring::line_stride_bytes) std::atomic<std::uint64_t> room_{
      0};  ///< times that there was more
  EnginePort engine_port_;
  Engine engine_;
  std::uint64_t taken_count_ = 0;  // the engine's, of those submitted
  std::unique_ptr<QueuedCommand> next_command_;
  Packet* spare_ = nullptr;  // the engine's: allocated, and no room in the stock
  DutyCycle duty_;
  Inquiry<NodeStats> engine_stats_;
  IoLoop io_;
  std::atomic<bool> stopping_{false};
  std::thread engine_thread_;
  std::thread io_thread_;
};

}  // namespace muster
