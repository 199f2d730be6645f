// What one thread of the application hears: the engine's end, and the ring between them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "cluster/events.h"
#include "cluster/messaging/assembly_budget.h"
#include "cluster/packet.h"
#include "node/config.h"
#include "node/event.h"
#include "node/word.h"
#include "ring/spsc_ring.h"

namespace muster {

/// One thread tells, another one hears; in one order.
class Listener {
 public:
  /// `port` outlives it.
  Listener(const LimitsConfig& limits, PacketPort& port);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // For the thread that hears.

  using EventRing = ring::SpscRing<Word>;
  /// It pops from here, and owns what it popped.
  EventRing& events() { return events_; }
  /// It has done with a packet of them; with messages that began in one, so many bytes in all.
  void heard_packet() { increase(heard_packets_, 1); }
  void heard_opened(std::size_t bytes) { increase(heard_bytes_, bytes); }

  // For the engine's.

  /// So many packets may lie there that have not been heard.
  void allow(std::size_t packets_max) { unheard_packets_max_ = packets_max; }
  /// A reference to the packet passes over. False, and none does: no more is taken than there is
  /// room for. What has not been heard lies in the pool, and what is put together in memory.
  /// `begun_bytes` are in messages of its sender that this thread has begun to hear, and asked for
  /// where another one begins.
  bool tell(const Delivery& delivery, std::size_t begun_bytes) {
    return tell(Word::messages(delivery.packet), delivery.opens_bytes, begun_bytes);
  }
  bool tell(const StreamDelivery& delivery, std::size_t begun_bytes) {
    return tell(Word::publication(delivery.packet), delivery.opens_bytes, begun_bytes);
  }
  /// Cannot be refused, so it waits where the ring is full. Past the limit of what may wait,
  /// everything is lost except which messages may not have arrived.
  void tell(Event event) { queue(Word::event(new Event(std::move(event)))); }
  /// The same; one gap behind another is told as one.
  void tell(const StreamChanged& change);
  std::size_t flush_backlog();

  /// Something was told and not popped. For whoever is the only thread.
  bool unheard() { return !backlog_.empty() || !events_.empty(); }
  /// Far from losing anything.
  bool ready() const {
    return backlog_.size() <= backlog_max_ / 8 && backlog_bytes_ <= backlog_bytes_max_ / 8;
  }
  bool overrun() const { return overrun_; }
  std::size_t backlog() const { return backlog_.size(); }
  /// How much was ever put on events().
  std::uint64_t told_words() const { return told_words_; }

 private:
  bool tell(Word packet, std::uint32_t opens_bytes, std::size_t begun_bytes);
  void queue(Word word);
  /// False: no room.
  bool offer(Word word) { return backlog_.empty() && push(word); }
  bool push(Word word) {
    if (!events_.push(word)) return false;
    ++told_words_;
    return true;
  }
  void begin_overrun();
  /// After an overrun: keeps a report of what is undelivered, and discards everything else.
  void keep_report(Word word);
  void discard(Word word);

  static void increase(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_release);
  }

  PacketPort& port_;
  const std::size_t backlog_max_;
  const std::size_t backlog_bytes_max_;
  const AssemblyBudget long_messages_;
  std::size_t unheard_packets_max_ = 0;
  EventRing events_;
  std::deque<Word> backlog_;
  /// Those of backlog_, in its order: at most one for each stream. While it is not empty no packet
  /// is told, so nothing lies between the gaps of a stream.
  std::deque<Event*> gaps_;
  std::size_t backlog_bytes_ = 0;
  bool overrun_ = false;
  std::uint64_t told_words_ = 0;
  std::uint64_t told_packets_ = 0;
  std::uint64_t opened_bytes_ = 0;  ///< of messages that began in them
  alignas(ring::line_stride_bytes) std::atomic<std::uint64_t> heard_packets_{0};
  std::atomic<std::uint64_t> heard_bytes_{0};
};

}  // namespace muster
