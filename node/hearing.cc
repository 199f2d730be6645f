// What the application hears, one word after the other.
#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "cluster/messaging/message_writer.h"
#include "node/address.h"
#include "node/application.h"
#include "node/duration.h"

namespace muster {

namespace {

/// Messages and events heard in one poll: what more there is waits for the next.
constexpr std::size_t heard_max = 256;

/// Ends what one callback could see, also where it throws.
template <class End>
class AtEnd {
 public:
  explicit AtEnd(End end) : end_(std::move(end)) {}
  ~AtEnd() { end_(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;

 private:
  End end_;
};

/// All of it does.
bool lies_in(const Packet& packet, std::span<const Message::Bytes> pieces) {
  const std::byte* at = pieces.front().data();
  return pieces.size() == 1 && at >= packet.data && at <= packet.data + packet.size;
}

/// One sentence; empty while it is not.
std::string why_lost(Link fault, const std::string& port, DurationNs after_ns) {
  switch (fault) {
    case Link::up:
      break;
    case Link::down:
      return fmt::format(
          "the port {} has had no link for {}: check its cable, or the process at its other end",
          port, duration_text(after_ns));
    case Link::switched_off:
      return fmt::format(
          "the interface of the port {} has been switched off for {}: `ip link set "
          "dev NAME up`",
          port, duration_text(after_ns));
    case Link::mismatched:
      return fmt::format(
          "the other end of the port {} has come back with other queues or a smaller mtu: give it "
          "this member's io_threads and mtu, or start this member again with its",
          port);
    case Link::gone:
      return fmt::format(
          "the port {} is gone, pulled out or taken away: start again once it is back", port);
    case Link::given_back:
      return fmt::format(
          "the port {} is gone, pulled out or taken away: bind it to its driver again and it is "
          "taken again",
          port);
  }
  return {};
}

}  // namespace

std::size_t Application::hear() {
  std::size_t heard = 0;
  for (; heard < heard_max; ++heard) {
    if (hearing_.packet != nullptr) {
      hear_next();
      continue;
    }
    subscriptions_.forget_ended();
    Word word;
    if (!runner_.next(word)) break;
    if (word.has_messages()) {
      begin_hearing(word);
      hear_next();
      continue;
    }
    const std::unique_ptr<Event> event(word.event());
    std::visit([this](auto& happened) { hear(happened); }, *event);
    callbacks_.rethrow();
  }
  return heard;
}

/// The engine has parsed the packet: nothing is checked again.
void Application::begin_hearing(Word messages) {
  Packet& packet = messages.packet();
  const auto& header = *reinterpret_cast<const wire::Header*>(packet.data);
  const wire::Session& session = session_head(packet);
  hearing_ = {.packet = &packet,
              .from = wire::sender_of(header),
              .at = packet.data + messages_offset,
              .left = session.messages};
  if (!messages.of_a_topic())
    hearing_.channel = session.channel;
  else
    hearing_.stream = &subscriptions_.stream({hearing_.from, publication_head(packet).topic});
}

/// One message. Whatever its callback throws, the next one comes next.
void Application::hear_next() {
  const wire::MessageView message = wire::decode_message(hearing_.at);
  const AtEnd done([this, last = --hearing_.left == 0] {
    if (last) end_hearing();
  });
  if (!message.whole()) return hear_piece(message);
  hear_whole(message, {&message.payload, 1}, message.payload.size());
}

void Application::end_hearing() {
  runner_.release(*std::exchange(hearing_.packet, nullptr));
  runner_.heard_packet();
}

Assembly* Application::assembly() {
  if (hearing_.stream != nullptr)
    return hearing_.stream->ended ? nullptr : &hearing_.stream->incoming;
  Peer* peer = find(hearing_.from.id);
  if (peer == nullptr) return nullptr;
  std::optional<Assembly>& incoming = channel_of(*peer, hearing_.channel).incoming;
  if (!incoming) incoming.emplace(assemblies_);
  return &*incoming;
}

void Application::hear_piece(const wire::MessageView& piece) {
  Assembly* const assembly = this->assembly();
  if (assembly == nullptr) return piece.first ? runner_.heard_opened(piece.message_bytes) : void();
  const std::size_t opened = assembly->message_bytes() + (piece.first ? piece.message_bytes : 0);
  switch (assembly->add(piece, *hearing_.packet)) {
    case Assembly::Step::more:
      return;
    case Assembly::Step::unsound:
      ++messages_unsound_;
      return runner_.heard_opened(opened);
    case Assembly::Step::whole:
      break;
  }
  const AtEnd done([&] {
    assembly->clear();
    runner_.heard_opened(opened);
  });
  const WholeMessage whole = assembly->message();
  hear_whole(whole.head, whole.pieces, whole.size());
}

void Application::hear_whole(const wire::MessageView& head, std::span<const Message::Bytes> pieces,
                             std::size_t size) {
  if (const Subscriptions::Stream* stream = hearing_.stream) {
    if (stream->ended) return;
    ++publications_delivered_;
    return handler_.on_publication({stream->topic, stream->subscription, *this, hearing_.from,
                                    *hearing_.packet, pieces, size});
  }
  ++delivered_;
  const Message message(hearing_.channel, *this, hearing_.from, *hearing_.packet, pieces, size);
  switch (head.kind) {
    case wire::MessageKind::data:
      return handler_.on_message(message);
    case wire::MessageKind::request:
      return hear_request(head, message.bytes());
    case wire::MessageKind::response:
      return hear_answer(head, message);
  }
}

void Application::hear_request(const wire::MessageView& request, Message::Bytes payload) {
  const Recipient from{hearing_.from, hearing_.channel};
  if (const auto handler = own_.handler(request.path))
    (*handler)({from.member, from.channel, request.path, payload},
               Responder(*this, from, request.call));
  else
    answer_some_time(from, request.call, CallStatus::no_such_service);
}

Message::Bytes Application::in_one_piece(std::span<const Message::Bytes> pieces) {
  one_piece_.clear();
  for (const Message::Bytes piece : pieces)
    one_piece_.insert(one_piece_.end(), piece.begin(), piece.end());
  return one_piece_;
}

KeptMessage Application::keep(const Received& message) {
  if (!lies_in(message.packet_, message.pieces_)) {
    KeptMessage kept(*this, message.from_, nullptr, {});
    kept.copy_.reserve(message.size_);
    for (const Message::Bytes piece : message.pieces_)
      kept.copy_.insert(kept.copy_.end(), piece.begin(), piece.end());
    kept.bytes_ = kept.copy_;
    return kept;
  }
  if (kept_packets_ >= kept_packets_max_) return {};
  ++kept_packets_;
  runner_.retain(message.packet_);
  return KeptMessage(*this, message.from_, &message.packet_, message.pieces_.front());
}

void Application::give_back_kept(Packet& packet) {
  --kept_packets_;
  runner_.release(packet);
}

std::string Application::why_refused(const Refusal& refusal) const {
  const std::string by = to_string(refusal.by);
  switch (refusal.why) {
    case Refusal::Why::address_in_use:
      return fmt::format(
          "the address {} is in use in cluster \"{}\" by another member: give each member an "
          "address of its own",
          by, config_.cluster);
    case Refusal::Why::cluster_full:
      return fmt::format(
          "the cluster \"{}\" is full for the member at {}: raise limits.members of all members",
          config_.cluster, by);
    case Refusal::Why::name_in_use:
      break;
  }
  return fmt::format(
      "the name \"{}\" is in use in cluster \"{}\" by the member at {}: give this member another "
      "name, or stop that one",
      config_.name, config_.cluster, by);
}

/// All sessions have begun anew (docs/protocol.md §7.6): what had come of a message has come in
/// vain.
void Application::hear(const SelfChanged& event) {
  self_ = event.self;
  for (auto& [id, peer] : peers_) {
    for (const auto& channel : peer.channels) {
      if (channel == nullptr || !channel->incoming) continue;
      runner_.heard_opened(channel->incoming->message_bytes());
      channel->incoming->clear();
    }
  }
}

void Application::hear(const StandingChanged& event) {
  standing_ = event.standing;
  if (over()) {
    topics_.clear();
    for (auto& [id, peer] : peers_) report_stranded(peer);
  }
  if (standing_ == Standing::refused)
    failure_ = why_refused(event.refusal);
  else if (standing_ == Standing::replaced)
    failure_ = fmt::format(
        "the member at {} has taken over the name \"{}\" in cluster \"{}\": give each member a "
        "name of its own",
        to_string(event.refusal.by), config_.name, config_.cluster);
  callbacks_.call([&] { handler_.on_standing(standing_); });
  if (over()) end_calls(CallOutcome::closed);
}

void Application::hear(const Joined& event) {
  Peer& peer = peers_[event.key.id];
  peer = {.view = {event.key, event.name, event.endpoint, false}, .credit = event.credit};
  handler_.on_joined(peer.info());
}

void Application::hear(const Suspected& event) {
  Peer& peer = *find(event.key.id);
  peer.view.suspected = true;
  handler_.on_suspected(peer.info());
}

void Application::hear(const Refuted& event) {
  Peer& peer = *find(event.key.id);
  peer.view.suspected = false;
  handler_.on_refuted(peer.info());
}

void Application::hear(const Removed& event) {
  found_last_ = nullptr;
  auto node = peers_.extract(event.key.id);
  if (node.empty()) return;  // it was going when this thread came
  Peer& peer = node.mapped();
  for (const auto& channel : peer.channels)
    if (channel != nullptr && channel->incoming)
      runner_.heard_opened(channel->incoming->message_bytes());
  report_stranded(peer);
  end_calls_to(event.key.id);
  callbacks_.call([&] { handler_.on_removed(peer.info(), event.reason); });
}

void Application::hear(const Synchronized&) {
  synchronized_ = true;
  handler_.on_synchronized();
}

void Application::hear(const Undelivered& event) { report_undelivered(event); }

void Application::report_undelivered(const Undelivered& undelivered) {
  undelivered_ += undelivered.messages;
  callbacks_.call([&] { handler_.on_undelivered(undelivered); });
}

/// Once: the channel is gone with its report.
void Application::report_stranded(Peer& peer) {
  for (ChannelId id = 0; id < wire::channels; ++id) {
    const auto& channel = peer.channels[id];
    if (channel == nullptr || !channel->outgoing) continue;
    const std::uint64_t taken =
        peer.credit ? peer.credit->channel(id).messages_taken() : channel->outgoing->handed_over();
    const std::uint64_t stranded = channel->outgoing->accepted() - taken;
    channel->outgoing.reset();
    if (stranded > 0) report_undelivered({peer.view.key, id, taken + 1, stranded});
  }
}

void Application::hear(const PortChanged& event) {
  const bool dpdk = config_.transport == TransportKind::dpdk;
  port_failure_ =
      why_lost(event.fault, dpdk ? config_.device : config_.address, config_.port_lost_after_ns);
  if (!port_failure_.empty()) handler_.on_port_lost(port_failure_);
}

/// Nothing more comes from the engine but what was under way in the sessions; what the engine had
/// not taken by now it never will.
void Application::hear(const Overrun&) {
  standing_ = Standing::left;
  failure_ = fmt::format(
      "more than {} events, or {} bytes of them, waited for the application, and the {} \"{}\": "
      "poll more often, or raise limits.event_backlog and limits.event_backlog_bytes",
      config_.limits.event_backlog, config_.limits.event_backlog_bytes,
      attached_ ? "client hears no more of cluster" : "node has left cluster", config_.cluster);
  topics_.clear();
  callbacks_.call([&] { handler_.on_overrun(failure_); });
  callbacks_.call([&] { handler_.on_standing(standing_); });
  for (auto& [id, peer] : peers_) report_stranded(peer);
  end_calls(CallOutcome::closed);
}

}  // namespace muster
