// What the application hears, one word after the other.
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "cluster/messaging/call_outcome.h"
#include "node/address.h"
#include "node/application.h"
#include "node/duration.h"

namespace muster {

void Application::hear(Word word) {
  if (!word.is_message()) {
    const std::unique_ptr<Event> event(word.event());
    return std::visit([this](auto& happened) { hear(happened); }, *event);
  }
  const auto give_back = [this](Packet* packet) { runner_.release(*packet); };
  const std::unique_ptr<Packet, decltype(give_back)> packet(&word.packet(), give_back);
  hear_message(*packet, word.message_at());
}

/// The engine has parsed the packet: nothing is checked again.
void Application::hear_message(Packet& packet, const std::byte* at) {
  const MemberKey from = wire::sender_of(*reinterpret_cast<const wire::Header*>(packet.data));
  const wire::MessageView message = wire::decode_message(at);
  switch (message.kind) {
    case wire::MessageKind::data:
      return handler_.on_message(from, message.payload);
    case wire::MessageKind::request:
      return hear_request(from, message);
    case wire::MessageKind::response:
      if (const CallCallback callback = calls_.close(message.call))
        callback(outcome_of(message.status), message.payload);
  }
}

void Application::hear_request(const MemberKey& from, const wire::MessageView& request) {
  if (const auto handler = own_.handler(request.path))
    (*handler)({from, request.path, request.payload}, Responder(*this, from, request.call));
  else
    answer_some_time(from, request.call, CallStatus::no_such_service);
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

void Application::hear(const StandingChanged& event) {
  standing_ = event.standing;
  if (standing_ == Standing::refused)
    failure_ = why_refused(event.refusal);
  else if (standing_ == Standing::replaced)
    failure_ = fmt::format(
        "the member at {} has taken over the name \"{}\" in cluster \"{}\": give each member a "
        "name of its own",
        to_string(event.refusal.by), config_.name, config_.cluster);
  handler_.on_standing(standing_);
}

void Application::hear(const Joined& event) {
  Peer& peer = peers_[event.key.id];
  peer = {{event.key, event.name, event.endpoint, false}, event.credit};
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
  const auto node = peers_.extract(event.key.id);
  const Peer& peer = node.mapped();
  if (peer.credit) report_undelivered(event.key, peer.credit->outstanding());
  handler_.on_removed(peer.info(), event.reason);
}

/// Of a batch it is kept, not copied: a value may be large. No more is kept than what is bound now
/// and what will be: what comes and goes within the batch was never there.
void Application::hear(BindingChanged& event) {
  const auto batch = batches_.find(event.owner.id);
  if (batch == batches_.end()) return show({&event, 1});
  if (!event.bound && index_.find(event.owner, event.path) == nullptr)
    batch->second.drop(event);
  else
    batch->second.add(std::move(event));
}

void Application::hear(const BatchEnded& event) {
  std::vector<BindingChanged> changes = batches_.extract(event.owner.id).mapped().take();
  // What went and came back within the batch is no change.
  std::erase_if(changes, [this](const BindingChanged& change) {
    const Bound* bound = index_.find(change.owner, change.path);
    return change.bound && bound != nullptr && bound->version == change.version;
  });
  show(changes);
}

/// All of it stands in the tree before anybody is told of any.
void Application::show(std::span<const BindingChanged> changes) {
  for (const BindingChanged& change : changes) {
    if (change.bound)
      index_.bind(change.binding());
    else
      index_.withdraw(change.owner, change.path);
  }
  const WatchId newest = watches_.newest();
  for (const BindingChanged& change : changes) {
    const Binding binding = change.binding();
    if (change.bound)
      handler_.on_bound(binding);
    else
      handler_.on_withdrawn(binding);
    watches_.tell({change.bound ? Change::Kind::bound : Change::Kind::withdrawn, binding}, newest);
  }
}

void Application::hear(const Synchronized&) {
  synchronized_ = true;
  handler_.on_synchronized();
}

void Application::hear(const CallEnded& event) {
  if (const CallCallback callback = calls_.close(event.call)) callback(event.outcome, {});
}

void Application::hear(const Undelivered& event) { report_undelivered(event.to, event.messages); }

void Application::report_undelivered(const MemberKey& to, std::size_t messages) {
  if (messages == 0) return;
  undelivered_ += messages;
  handler_.on_undelivered(to, messages);
}

void Application::hear(const PortLost&) {
  const bool dpdk = config_.transport == TransportKind::dpdk;
  failure_ = fmt::format(
      "the port {} has had no link for {}: check its cable, or the process at its other end",
      dpdk ? config_.device : config_.address, duration_text(config_.port_lost_after_ns));
  handler_.on_port_lost(failure_);
}

/// Nothing more comes from the engine but what was under way in the sessions; what the engine had
/// not taken by now it never will.
void Application::hear(const Overrun&) {
  standing_ = Standing::left;
  failure_ = fmt::format(
      "more than {} events waited for the application, and the node has left cluster \"{}\": poll "
      "more often, or raise limits.event_backlog",
      config_.limits.event_backlog, config_.cluster);
  handler_.on_overrun(failure_);
  handler_.on_standing(standing_);
  for (const auto& [id, peer] : peers_)
    if (peer.credit) report_undelivered(peer.view.key, peer.credit->outstanding());
  calls_.for_each([this](CallId id) {
    if (const CallCallback callback = calls_.close(id)) callback(CallOutcome::member_removed, {});
  });
}

}  // namespace muster
