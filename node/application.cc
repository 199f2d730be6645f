#include "node/application.h"

#include <algorithm>
#include <utility>

#include <poll.h>

#include "node/clock.h"
#include "node/pool_shares.h"

namespace muster {
namespace {

/// Answers that wait for a window.
constexpr std::size_t unanswered_expected = 64;

}  // namespace

Application::Application(const NodeConfig& config, Handler& handler, Runner& runner,
                         ChannelSet channels)
    : config_(config),
      handler_(handler),
      runner_(runner),
      channels_(channels),
      attached_(!channels.all()),
      self_{member_id(config.name), 0},
      to_send_(config.limits.long_message_bytes, runner.lendable_memory()),
      assemblies_{runner, pool_share::assembled(config.limits.pool_packets), 0},
      topics_(runner, to_send_),
      subscriptions_(runner, assemblies_),
      directory_(handler, callbacks_),
      dice_(wall_ns() ^ static_cast<std::uint64_t>(self_.id)),
      own_(config),
      repeats_(config.limits.long_message_bytes),
      calls_(config.messaging.calls_max, static_cast<std::uint32_t>(dice_.next())) {
  unanswered_.reserve(unanswered_expected);
  repeating_.reserve(config.messaging.calls_max);
  peers_.reserve(config.membership.members_max);
  share_out();
  if (config.idle == Idle::sleep) runner.event_fd();
}

Application::~Application() {
  ended_ = true;
  tasks_ = Tasks();  // while there is something to cancel
  abandon_waiting();
  if (hearing_.packet != nullptr) end_hearing();
}

std::size_t Application::poll() {
  if (polling_) return 0;
  polling_ = true;
  blocked_ = false;
  if (std::exchange(armed_, false)) runner_.disarm();
  std::size_t work = runner_.begin_cycle();
  try {
    if (!unanswered_.empty() || !repeating_.empty() || leaving_) retry();
    if (calls_.size() > 0)
      calls_.expire(runner_.now(), [](CallId, const CallWaiter& waiter) {
        waiter.end(CallOutcome::deadline, {});
      });
    if (!next_polls_.empty()) next_polls_.resume();
    work += hear();
    tasks_.forget_ended();
    flush();
  } catch (...) {  // the handler's; the protocol goes on all the same, and what was said goes out
    flush();
    runner_.end_cycle();
    polling_ = false;
    throw;
  }
  work += runner_.end_cycle();
  polling_ = false;
  return work;
}

/// What is in the way of sleeping is done, or there is a reason to wake for it.
bool Application::arm() {
  if (polling_ || hearing_.packet != nullptr) return false;  // in the middle of a packet
  runner_.event_fd();
  flush();
  const bool for_room = blocked_ || !gathering_.empty() || !unanswered_.empty() ||
                        !repeating_.empty() || !next_polls_.empty() || (leaving_ && !leave_told_);
  return armed_ = runner_.arm(calls_.next_deadline(), for_room);
}

bool Application::sleep() {
  constexpr timespec longest{.tv_sec = 0, .tv_nsec = 10'000'000};  // its owner has other plans, too
  if (polling_ || hearing_.packet != nullptr) return false;
  if (!arm()) return !std::exchange(refused_, true);
  refused_ = false;
  pollfd waiting{.fd = runner_.event_fd(), .events = POLLIN, .revents = 0};
  ppoll(&waiting, 1, &longest, nullptr);
  return true;
}

bool Application::execute(Command command) {
  if (runner_.execute(std::move(command))) return true;
  blocked_ = true;
  return false;
}

/// What found no room before.
void Application::retry() {
  if (leaving_ && !leave_told_) leave_told_ = execute(Leave{});
  std::erase_if(unanswered_, [this](const Answer& waiting) {
    return answer(waiting.to, waiting.call, waiting.status, {}) != SendResult::would_block;
  });
  repeat_calls();
}

void Application::leave() {
  if (over() || leaving_) return;
  flush();
  leaving_ = true;
  leave_told_ = execute(Leave{});
}

bool Application::over() const {
  return standing_ == Standing::refused || standing_ == Standing::replaced ||
         standing_ == Standing::left;
}

Application::Peer* Application::find(MemberId id) {
  if (found_last_ != nullptr && found_last_->view.key.id == id) return found_last_;
  const auto found = peers_.find(id);
  if (found == peers_.end()) return nullptr;
  return found_last_ = &found->second;
}

// The directory.

AdvertiseResult Application::advertise(std::string_view path, std::span<const std::byte> value,
                                       Attributes attributes) {
  if (leaving_ || over()) return AdvertiseResult::closed;
  const Content content{attributes, value};
  const AdvertiseResult result = own_.may_put(path, content);
  if (result != AdvertiseResult::done) return result;
  if (!execute(Bind{std::string(path), {value.begin(), value.end()}, AttributeSet(attributes)}))
    return AdvertiseResult::would_block;
  own_.put(path, content);
  return AdvertiseResult::done;
}

void Application::advertise(const std::vector<ServiceConfig>& services) {
  for (const ServiceConfig& service : services) {
    AttributeSet attributes;
    for (const auto& [key, value] : service.attributes) attributes.set(key, value);
    advertise(service.path, std::as_bytes(std::span(service.value)), attributes.view());
  }
}

AdvertiseResult Application::advertise(const Batch& batch) {
  if (leaving_ || over()) return AdvertiseResult::closed;
  const AdvertiseResult result = own_.may_apply(batch);
  if (result != AdvertiseResult::done) return result;
  if (!execute(batch)) return AdvertiseResult::would_block;
  own_.apply(batch);
  return AdvertiseResult::done;
}

AdvertiseResult Application::withdraw_all() {
  if (leaving_ || over()) return AdvertiseResult::closed;
  if (!execute(WithdrawAll{})) return AdvertiseResult::would_block;
  const bool nothing =
      own_.may_clear() != AdvertiseResult::done && topics_.empty() && subscriptions_.empty();
  own_.clear();
  return nothing ? AdvertiseResult::unchanged : AdvertiseResult::done;
}

AdvertiseResult Application::withdraw(std::string_view path) {
  if (leaving_ || over()) return AdvertiseResult::closed;
  const AdvertiseResult result = own_.may_erase(path);
  if (result != AdvertiseResult::done) return result;
  if (!execute(Withdraw{std::string(path)})) return AdvertiseResult::would_block;
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
  const Bound* bound = directory_.index().pick(path, how, dice_, [this](const MemberKey& key) {
    if (key.id == self_.id) return std::optional<DurationNs>(0);
    const Peer* peer = find(key.id);
    return std::optional(peer == nullptr ? never_ns : round_trip_ns(*peer));
  });
  return bound == nullptr ? std::nullopt : std::optional(bound->owner);
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

void Application::fill(NodeStats& stats) const {
  stats.messages_delivered = delivered_;
  stats.messages_undelivered = undelivered_;
  stats.messages_unsound = messages_unsound_;
  stats.publications_delivered = publications_delivered_;
}

}  // namespace muster
