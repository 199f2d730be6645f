#include "node/listener.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace muster {
namespace {

/// Of events: what they take in memory, or a little less.
std::size_t bytes_of(Word word) {
  const Event& event = *word.event();
  const auto* binding = std::get_if<BindingChanged>(&event);
  return sizeof event + (binding == nullptr ? 0
                                            : binding->path.size() + binding->value.size() +
                                                  binding->attributes.view().bytes().size());
}

}  // namespace

Listener::Listener(const LimitsConfig& limits, PacketPort& port)
    : port_(port),
      backlog_max_(limits.event_backlog),
      backlog_bytes_max_(limits.event_backlog_bytes),
      long_messages_{limits.long_message_bytes},
      events_(limits.event_queue) {}

Listener::~Listener() {
  for (const Word word : backlog_) discard(word);
  for (Word word; events_.pop(word);) discard(word);
}

bool Listener::tell(Word packet, std::uint32_t opens_bytes, std::size_t begun_bytes) {
  const std::uint64_t heard = heard_packets_.load(std::memory_order_acquire);
  if (overrun_ || told_packets_ - heard >= unheard_packets_max_) return false;
  if (opens_bytes > 0) {
    const std::uint64_t open = opened_bytes_ - heard_bytes_.load(std::memory_order_acquire);
    if (!long_messages_.has_room(opens_bytes, open, begun_bytes)) return false;
  }
  if (!offer(packet)) return false;
  ++told_packets_;
  opened_bytes_ += opens_bytes;
  return true;
}

void Listener::tell(const StreamChanged& change) {
  const auto waits = std::ranges::find_if(gaps_, [&](Event* event) {
    const StreamChanged& gap = std::get<StreamChanged>(*event);
    return gap.stream == change.stream && gap.subscription == change.subscription;
  });
  if (waits != gaps_.end()) {
    if (change.change == StreamChange::gap) {
      auto& gap = std::get<StreamChanged>(**waits);
      gap.packets = change.first + change.packets - gap.first;
      return;
    }
    gaps_.erase(waits);
  }
  const std::size_t waited = backlog_.size();
  tell(Event(change));
  if (change.change == StreamChange::gap && !overrun_ && backlog_.size() > waited)
    gaps_.push_back(backlog_.back().event());
}

void Listener::queue(Word word) {
  if (!overrun_) {
    if (offer(word)) return;
    const std::size_t bytes = bytes_of(word);
    if (backlog_.size() < backlog_max_ && backlog_bytes_ + bytes <= backlog_bytes_max_) {
      backlog_bytes_ += bytes;
      return backlog_.push_back(word);
    }
    begin_overrun();
  }
  keep_report(word);
}

std::size_t Listener::flush_backlog() {
  std::size_t flushed = 0;
  for (; !backlog_.empty(); ++flushed) {
    const Word word = backlog_.front();
    const bool gap = !gaps_.empty() && word.event() == gaps_.front();
    const std::size_t bytes = bytes_of(word);
    if (!push(word)) break;
    backlog_.pop_front();  // it is the application's
    if (gap) gaps_.pop_front();
    backlog_bytes_ -= std::min(bytes, backlog_bytes_);  // after an overrun they are not counted
  }
  return flushed;
}

/// What has not been heard never will be: it is told so, and after that only which of its messages
/// may not have arrived.
void Listener::begin_overrun() {
  overrun_ = true;
  gaps_.clear();
  backlog_bytes_ = 0;
  const std::deque<Word> lost = std::exchange(backlog_, {});
  backlog_.push_back(Word::event(new Event(Overrun{})));
  for (const Word word : lost) keep_report(word);
}

/// Besides those that waited already no more than one comes for each channel of each member:
/// nothing more is sent there.
void Listener::keep_report(Word word) {
  if (!word.has_messages() && std::holds_alternative<Undelivered>(*word.event()))
    backlog_.push_back(word);
  else
    discard(word);
}

void Listener::discard(Word word) {
  if (word.has_messages())
    port_.release(word.packet());
  else
    delete word.event();
}

}  // namespace muster
