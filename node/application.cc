#include "node/application.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "node/clock.h"

namespace muster {
namespace {

/// Heard in one poll: what more there is waits for the next.
constexpr std::size_t heard_max = 256;
/// Answers without a payload that wait for a window; past it a caller hears the deadline.
constexpr std::size_t unanswered_max = 4096;

}  // namespace

Application::Application(const NodeConfig& config, Handler& handler, Runner& runner)
    : config_(config),
      handler_(handler),
      runner_(runner),
      self_{member_id(config.name), 0},
      dice_(wall_ns() ^ static_cast<std::uint64_t>(self_.id)),
      own_(config.directory),
      calls_(config.messaging.calls_max) {
  unanswered_.reserve(unanswered_max);
  peers_.reserve(config.membership.members_max);
  for (const ServiceConfig& service : config.services) {
    AttributeSet attributes;
    for (const auto& [key, value] : service.attributes) attributes.set(key, value);
    advertise(service.path, std::as_bytes(std::span(service.value)), attributes.view());
  }
}

Application::~Application() { ended_ = true; }

std::size_t Application::poll() {
  if (polling_) return 0;
  polling_ = true;
  std::size_t work = runner_.begin_cycle();
  try {
    if (!unanswered_.empty() || leaving_) retry();
    Word word;
    for (std::size_t heard = 0; heard < heard_max && runner_.next(word); ++heard, ++work)
      hear(word);
  } catch (...) {  // the handler's; the protocol goes on all the same
    runner_.end_cycle();
    polling_ = false;
    throw;
  }
  work += runner_.end_cycle();
  polling_ = false;
  return work;
}

/// What found no room before.
void Application::retry() {
  if (leaving_ && !leave_told_) leave_told_ = runner_.execute(Leave{});
  std::erase_if(unanswered_, [this](const Answer& waiting) {
    return answer(waiting.to, waiting.call, waiting.status, {}) != SendResult::would_block;
  });
}

void Application::leave() {
  if (over() || leaving_) return;
  leaving_ = true;
  leave_told_ = runner_.execute(Leave{});
}

bool Application::over() const {
  return standing_ == Standing::refused || standing_ == Standing::replaced ||
         standing_ == Standing::left;
}

Application::Peer* Application::find(MemberId id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

// The directory.

AdvertiseResult Application::advertise(std::string_view path, std::span<const std::byte> value,
                                       Attributes attributes) {
  if (leaving_ || over()) return AdvertiseResult::closed;
  const Content content{attributes, value};
  const AdvertiseResult result = own_.may_put(path, content);
  if (result != AdvertiseResult::done) return result;
  if (!runner_.execute(
          Bind{std::string(path), {value.begin(), value.end()}, AttributeSet(attributes)}))
    return AdvertiseResult::would_block;
  own_.put(path, content);
  return AdvertiseResult::done;
}

AdvertiseResult Application::advertise(const Batch& batch) {
  if (leaving_ || over()) return AdvertiseResult::closed;
  const AdvertiseResult result = own_.may_apply(batch);
  if (result != AdvertiseResult::done) return result;
  if (!runner_.execute(batch)) return AdvertiseResult::would_block;
  own_.apply(batch);
  return AdvertiseResult::done;
}

AdvertiseResult Application::withdraw_all() {
  if (leaving_ || over()) return AdvertiseResult::closed;
  if (own_.may_clear() != AdvertiseResult::done) return AdvertiseResult::unchanged;
  if (!runner_.execute(WithdrawAll{})) return AdvertiseResult::would_block;
  own_.clear();
  return AdvertiseResult::done;
}

AdvertiseResult Application::withdraw(std::string_view path) {
  if (leaving_ || over()) return AdvertiseResult::closed;
  const AdvertiseResult result = own_.may_erase(path);
  if (result != AdvertiseResult::done) return result;
  if (!runner_.execute(Withdraw{std::string(path)})) return AdvertiseResult::would_block;
  own_.erase(path);
  return AdvertiseResult::done;
}

AdvertiseResult Application::serve(std::string_view path, std::span<const std::byte> value,
                                   ServiceHandler handler, Attributes attributes) {
  const AdvertiseResult result = advertise(path, value, attributes);
  if (result == AdvertiseResult::done || result == AdvertiseResult::unchanged)
    own_.serve(path, std::move(handler));
  return result;
}

DurationNs Application::round_trip_ns(const Peer& peer) const {
  return runner_.round_trip_ns(peer.view.key.id, peer.credit.get());
}

std::optional<MemberKey> Application::pick(std::string_view path, const Pick& how) {
  const Bound* bound = index_.pick(path, how, dice_, [this](const MemberKey& key) {
    if (key.id == self_.id) return std::optional<DurationNs>(0);
    const Peer* peer = find(key.id);
    return std::optional(peer == nullptr ? never_ns : round_trip_ns(*peer));
  });
  return bound == nullptr ? std::nullopt : std::optional(bound->owner);
}

WatchId Application::watch(std::string_view prefix, WatchCallback callback) {
  return watches_.add(prefix, std::move(callback), index_);
}

std::vector<MemberView> Application::members() const {
  std::vector<MemberView> all;
  all.reserve(peers_.size());
  for (const auto& [id, peer] : peers_) all.push_back(peer.view);
  std::ranges::sort(all, {}, &MemberView::name);
  return all;
}

const MemberView* Application::member(MemberId id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second.view;
}

// Messages and calls.

SendResult Application::send_copy(Peer& peer, Outgoing outgoing, std::string_view path,
                                  std::span<const std::byte> payload) {
  outgoing.to = peer.view.key;
  outgoing.path_bytes = static_cast<std::uint8_t>(path.size());
  outgoing.payload_bytes = static_cast<std::uint32_t>(payload.size());
  const std::size_t offset = outgoing.payload_offset();
  if (payload.size() > runner_.payload_bytes_max() - offset) return SendResult::too_large;
  Packet* packet = runner_.allocate();
  if (packet == nullptr) return SendResult::would_block;
  std::ranges::copy(std::as_bytes(std::span(path)), packet->data + response_offset);
  std::ranges::copy(payload, packet->data + offset);
  const SendResult result = runner_.submit(*packet, outgoing, peer.credit.get());
  if (result != SendResult::sent) runner_.release(*packet);
  return result;
}

SendResult Application::send(MemberId to, std::span<const std::byte> payload) {
  if (closed()) return SendResult::closed;
  Peer* peer = find(to);
  if (peer == nullptr) return SendResult::not_connected;
  return send_copy(*peer, {.kind = wire::MessageKind::data}, {}, payload);
}

Buffer Application::claim(std::size_t bytes) {
  if (bytes > message_bytes_max()) return {};
  Packet* packet = runner_.allocate();
  if (packet == nullptr) return {};
  return Buffer(*this, *packet, {packet->data + message_offset, bytes});
}

SendResult Application::commit(Buffer& buffer, MemberId to) {
  if (closed()) return SendResult::closed;
  Peer* peer = find(to);
  if (peer == nullptr) return SendResult::not_connected;
  if (!buffer) return SendResult::would_block;
  const Outgoing outgoing{.to = peer->view.key,
                          .payload_bytes = static_cast<std::uint32_t>(buffer.bytes_.size())};
  const SendResult result = runner_.submit(*buffer.packet_, outgoing, peer->credit.get());
  if (result == SendResult::sent) buffer.packet_ = nullptr;
  return result;
}

CallStart Application::call(std::string_view path, std::span<const std::byte> payload,
                            DurationNs deadline_ns, CallCallback callback, const Pick& how) {
  if (closed()) return {SendResult::closed};
  const Bound* bound = index_.pick(path, how, dice_, [this](const MemberKey& key) {
    const Peer* peer = find(key.id);
    return peer == nullptr ? std::nullopt : std::optional(round_trip_ns(*peer));
  });
  if (bound == nullptr) return {SendResult::not_connected};
  return call(bound->owner.id, path, payload, deadline_ns, std::move(callback));
}

CallStart Application::call(MemberId to, std::string_view path, std::span<const std::byte> payload,
                            DurationNs deadline_ns, CallCallback callback) {
  if (closed()) return {SendResult::closed};
  Peer* peer = find(to);
  if (peer == nullptr) return {SendResult::not_connected};
  if (!wire::valid_path(path)) return {SendResult::invalid_path};
  if (calls_.full()) return {SendResult::would_block};
  const CallId id = calls_.open(std::move(callback));
  const TimeNs now = monotonic_ns();
  const Outgoing outgoing{.call = id,
                          .deadline_ns = now + std::min(deadline_ns, never_ns - now),
                          .kind = wire::MessageKind::request};
  const SendResult result = send_copy(*peer, outgoing, path, payload);
  if (result != SendResult::sent) {
    calls_.close(id);
    return {result};
  }
  return {result, id};
}

void Application::cancel(CallId id) {
  // Where the queue is full the answer, should it come, finds nobody all the same.
  if (calls_.close(id)) runner_.execute(Cancel{id});
}

SendResult Application::answer(const MemberKey& to, CallId call, CallStatus status,
                               std::span<const std::byte> payload) {
  if (closed()) return SendResult::closed;
  Peer* peer = find(to.id);
  if (peer == nullptr || peer->view.key != to) return SendResult::not_connected;
  return send_copy(*peer, {.call = call, .kind = wire::MessageKind::response, .status = status}, {},
                   payload);
}

void Application::answer_some_time(const MemberKey& to, CallId call, CallStatus status) {
  if (ended_ || answer(to, call, status, {}) != SendResult::would_block) return;
  if (unanswered_.size() < unanswered_max) unanswered_.push_back({to, call, status});
}

NodeStats Application::stats() {
  NodeStats stats;
  runner_.fill(stats);
  stats.messages_undelivered = undelivered_;
  return stats;
}

}  // namespace muster
