#include "node/listener.h"

#include <utility>
#include <variant>

namespace muster {

Listener::Listener(const LimitsConfig& limits, PacketPort& port)
    : port_(port),
      backlog_max_(limits.event_backlog),
      long_message_bytes_max_(limits.long_message_bytes),
      events_(limits.event_queue) {}

Listener::~Listener() {
  for (const Word word : backlog_) discard(word);
  for (Word word; events_.pop(word);) discard(word);
}

bool Listener::tell(const Delivery& delivery) {
  const std::uint64_t heard = heard_packets_.load(std::memory_order_acquire);
  if (overrun_ || told_packets_ - heard >= unheard_packets_max_) return false;
  if (delivery.opens_bytes > 0) {
    const std::uint64_t open = opened_bytes_ - heard_bytes_.load(std::memory_order_acquire);
    if (open > 0 && open + delivery.opens_bytes > long_message_bytes_max_) return false;
  }
  if (!offer(Word::messages(delivery.packet))) return false;
  ++told_packets_;
  opened_bytes_ += delivery.opens_bytes;
  return true;
}

void Listener::queue(Word word) {
  if (!overrun_) {
    if (offer(word)) return;
    if (backlog_.size() < backlog_max_) return backlog_.push_back(word);
    begin_overrun();
  }
  keep_report(word);
}

std::size_t Listener::flush_backlog() {
  std::size_t flushed = 0;
  for (; !backlog_.empty() && push(backlog_.front()); ++flushed) backlog_.pop_front();
  return flushed;
}

/// What has not been heard never will be: it is told so, and after that only which of its messages
/// may not have arrived.
void Listener::begin_overrun() {
  overrun_ = true;
  const std::deque<Word> lost = std::exchange(backlog_, {});
  backlog_.push_back(Word::event(new Event(Overrun{})));
  for (const Word word : lost) keep_report(word);
}

/// One report for each member, so that they need no limit.
void Listener::keep_report(Word word) {
  const auto report_in = [](Word from) {
    return from.has_messages() ? nullptr : std::get_if<Undelivered>(from.event());
  };
  const Undelivered* report = report_in(word);
  if (report == nullptr) return discard(word);
  for (const Word kept : backlog_) {
    Undelivered* earlier = report_in(kept);
    if (earlier == nullptr || earlier->to != report->to) continue;
    earlier->messages += report->messages;
    return discard(word);
  }
  backlog_.push_back(word);
}

void Listener::discard(Word word) {
  if (word.has_messages())
    port_.release(word.packet());
  else
    delete word.event();
}

}  // namespace muster
