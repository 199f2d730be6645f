#include "node/engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "cluster/overloaded.h"
#include "node/pool_shares.h"

namespace muster {
namespace {

/// Entries of trees that are told in one cycle to who comes late.
constexpr std::size_t walk_entries = 64;

BindingChanged change_of(bool bound, const Binding& binding) {
  return {bound,
          binding.owner,
          std::string(binding.path),
          {binding.value.begin(), binding.value.end()},
          binding.version,
          AttributeSet(binding.attributes)};
}

/// The application has been answered by OwnBindings, which refuses all that is refused here.
void took([[maybe_unused]] BindResult result) {
  assert(result == BindResult::changed || result == BindResult::unchanged);
}

const MemberKey& sender_of(const Delivery& delivery) { return delivery.from; }
const MemberKey& sender_of(const StreamDelivery& delivery) { return delivery.stream.publisher; }

TreeStats view_of(const MemberKey& owner, const Tree& tree) {
  return {owner, tree.version(), tree.digest(), tree.size()};
}

}  // namespace

Engine::Engine(const NodeConfig& config, const MemberConfig& member, PacketPort& port,
               Listener& own, Credits credits)
    : port_(port),
      unheard_packets_max_(pool_share::unheard(config.limits.pool_packets)),
      own_(own),
      member_(member, port, *this),
      topics_(member_, port, config.messaging) {
  of_channel_.fill(&own_);
  share_out();
  if (credits == Credits::with) credits_.emplace(member_, port, config.membership.members_max);
}

// The listeners.

void Engine::add(Listener& listener, ChannelSet channels, bool directory) {
  introduce(listener);
  keep_rests(channels, false);
  others_.push_back({&listener, channels, directory, directory ? TreeWalk(member_) : TreeWalk()});
  for (std::size_t i = 0; i < wire::channels; ++i)
    if (channels[i]) of_channel_[i] = &listener;
  share_out();
}

void Engine::introduce(Listener& listener) {
  tell_self();
  listener.tell(SelfChanged{self_});
  listener.tell(StandingChanged{member_.standing(), member_.membership().refusal()});
  for (const auto& [id, peer] : member_.membership().peers()) {
    listener.tell(Joined{peer.key, peer.name, peer.endpoint, credits_->of(peer.key)});
    if (peer.suspected) listener.tell(Suspected{peer.key});
  }
}

void Engine::remove(Listener& listener, ChannelSet cut) {
  end_topics_of(listener);
  const auto found = std::ranges::find(others_, &listener, &Other::listener);
  keep_rests(found->channels, true);
  for (Rest& rest : rests_)
    if (rest.listener == &listener) rest.listener = nullptr;
  own_.tell(ChannelsReturned{found->channels & ~cut});
  others_.erase(found);
  std::ranges::replace(of_channel_, &listener, &own_);
  share_out();
}

void Engine::keep_rests(ChannelSet channels, bool gone) {
  const auto begun = [this](const Recipient& from) {
    return member_.messaging().begun_bytes(from) > 0;
  };
  std::erase_if(rests_, [&](const Rest& rest) { return !begun(rest.from); });
  for (const auto& [id, peer] : member_.membership().peers())
    for (ChannelId channel = 0; channel < wire::channels; ++channel)
      if (const Recipient from{peer.key, channel};
          channels[channel] && begun(from) && !is_rest(from))
        rests_.push_back({from, gone ? nullptr : of_channel_[channel]});
}

Listener* Engine::listener_of(const Delivery& delivery) {
  const Recipient from{delivery.from, delivery.channel};
  const auto rest = std::ranges::find(rests_, from, &Rest::from);
  if (rest == rests_.end()) return of_channel_[delivery.channel];
  if (member_.messaging().begun_bytes(from) > 0) return rest->listener;
  rests_.erase(rest);
  return of_channel_[delivery.channel];
}

/// Of the packets that may lie unheard each channel has the same share.
void Engine::share_out() {
  const auto share = [this](const Listener* listener) {
    const auto channels = static_cast<std::size_t>(std::ranges::count(of_channel_, listener));
    return std::max<std::size_t>(unheard_packets_max_ * channels / wire::channels, 1);
  };
  own_.allow(share(&own_));
  for (const Other& other : others_) other.listener->allow(share(other.listener));
}

std::size_t Engine::go_on_walking() {
  std::size_t walked = 0;
  for (Other& other : others_) {
    walked += other.listener->flush_backlog();
    if (other.listener->overrun() && !std::exchange(other.topics_ended, true))
      end_topics_of(*other.listener);  // it takes nothing more, and would slow its publishers
    if (other.walk.done() || !other.listener->ready()) continue;
    walked += other.walk.step(member_, walk_entries, [&](const Binding& binding) {
      other.listener->tell(change_of(true, binding));
    });
    if (other.walk.done() && member_.directory().synchronized())
      other.listener->tell(Synchronized{});
  }
  return walked;
}

void Engine::receive(TimeNs now, std::span<Packet* const> burst) {
  for (std::size_t i = 0; i < burst.size(); ++i) {
    Packet* const packet = received_ = burst[i];
    if (i + 1 < burst.size()) __builtin_prefetch(burst[i + 1]->data);
    member_.on_packet(now, *packet);
    if (received_ != nullptr) port_.release(*received_);
  }
  received_ = nullptr;
}

void Engine::submit(Packet& packet) {
  const Destination to = Outgoing::load(packet).destination;
  if (to.topic != 0) return topics_.submit(packet);
  // The application counts by itself what the engine has not taken when the overrun reaches it.
  if (of_channel_[to.to.channel]->overrun()) return port_.release(packet);
  credits_->submit(packet);
}

void Engine::execute(TimeNs now, const Command& command) {
  std::visit(Overloaded{[this](const Bind& bind) {
                          took(member_.bind(bind.path, bind.value, bind.attributes.view()));
                        },
                        [this](const Withdraw& withdraw) { took(member_.withdraw(withdraw.path)); },
                        [&](const WithdrawAll&) { withdraw_all(now); },
                        [this](const Batch& batch) { took(member_.apply(batch)); },
                        [&](const Leave&) { member_.leave(now); }},
             command);
}

std::size_t Engine::finish(TimeNs now, Deadlines deadlines) {
  if (own_.overrun()) member_.leave(now);  // before the application hears of it
  std::size_t work = own_.flush_backlog();
  if (!others_.empty()) work += go_on_walking();
  const bool gave_to_topics = topics_.go_on();
  member_.transmit(now);
  if (deadlines == Deadlines::keep && now >= member_.next_deadline()) {
    member_.on_deadline(now);
    member_.transmit(now);
    ++work;
  }
  tell_self();  // before the credit of the sessions that ended is seen
  if (credits_) {
    gave_credit_ = credits_->give_back() || gave_to_topics;
    credits_->publish_round_trips(now);
  }
  return work;
}

// What the application shall hear.

void Engine::on_standing(Standing standing) {
  tell_all(StandingChanged{standing, member_.membership().refusal()});
}

void Engine::on_joined(const MemberInfo& member) {
  tell_all(Joined{member.key, std::string(member.name), member.endpoint,
                  credits_ ? credits_->open(member.key) : nullptr});
}

void Engine::on_removed(const MemberInfo& member, RemovalReason reason) {
  if (credits_) credits_->close(member.key);
  tell_all(Removed{member.key, reason});
}

void Engine::on_bound(const Binding& binding) { tell_readers(change_of(true, binding)); }

void Engine::on_withdrawn(const Binding& binding) { tell_readers(change_of(false, binding)); }

/// Who still hears what there was is told when that has ended.
void Engine::on_synchronized() {
  tell_self();
  for (const Other& other : others_)
    if (other.directory && other.walk.done()) other.listener->tell(Synchronized{});
  own_.tell(Synchronized{});
}

std::size_t Engine::begun_bytes(const MemberKey& from, const Listener& listener) const {
  std::size_t bytes = member_.publishing().subscriber().begun_bytes(
      from,
      [&](SubscriptionNumber number) { return &owner_of(subscribers_, number) == &listener; });
  for (ChannelId channel = 0; channel < wire::channels; ++channel)
    if (of_channel_[channel] == &listener)
      bytes += member_.messaging().begun_bytes({from, channel});
  return bytes;
}

template <class Delivery>
bool Engine::deliver(Listener& listener, const Delivery& delivery) {
  tell_self();  // before what belongs to the new sessions
  // Of a packet that has just come the reference is ours, and passes over.
  const bool ours = received_ == &delivery.packet;
  if (!ours) port_.retain(delivery.packet);
  const std::size_t begun =
      delivery.opens_bytes == 0 ? 0 : begun_bytes(sender_of(delivery), listener);
  const bool told = listener.tell(delivery, begun);
  if (ours && told) received_ = nullptr;
  if (!ours && !told) port_.release(delivery.packet);
  return told;
}

bool Engine::on_messages(const Delivery& delivery) {
  Listener* listener = rests_.empty() ? of_channel_[delivery.channel] : listener_of(delivery);
  return listener == nullptr || deliver(*listener, delivery);
}

void Engine::on_undelivered(const Undelivered& undelivered) {
  tell_self();
  of_channel_[undelivered.channel]->tell(undelivered);
}

// Topics.

Announcement Engine::announce(Listener& by, const TopicConfig& topic) {
  if (credits_ && !topics_.has_room_for(topic)) return {{TopicResult::no_room}};
  newcomer_ = &by;  // it may have subscribers at once
  const Announced announced = member_.announce(topic);
  newcomer_ = nullptr;
  if (announced.result != TopicResult::done) return {announced};
  publishers_.emplace(announced.topic, &by);
  return {announced, credits_ ? topics_.open(announced.topic, topic) : nullptr};
}

void Engine::withdraw_topic(TopicNumber topic) {
  topics_.close(topic);
  member_.withdraw_topic(topic);
  publishers_.erase(topic);
}

Subscribed Engine::subscribe(Listener& by, std::string_view topic, From from) {
  newcomer_ = &by;  // what is published already may be refused at once
  const Subscribed subscribed = member_.subscribe(topic, from);
  newcomer_ = nullptr;
  if (subscribed.result == TopicResult::done) subscribers_.emplace(subscribed.subscription, &by);
  return subscribed;
}

void Engine::unsubscribe(SubscriptionNumber subscription) {
  member_.unsubscribe(subscription);
  subscribers_.erase(subscription);
}

void Engine::withdraw_all(TimeNs now) {
  member_.withdraw_all(now);
  const auto last = [](const auto& numbers) {
    return numbers.empty() ? 0 : numbers.rbegin()->first;
  };
  tell_all(TopicsEnded{last(publishers_), last(subscribers_)});
  for (const auto& [topic, listener] : publishers_) topics_.close(topic);
  publishers_.clear();
  subscribers_.clear();
}

void Engine::end_topics_of(const Listener& listener) {
  for (auto at = publishers_.begin(); at != publishers_.end();)
    if (const auto [topic, owner] = *at++; owner == &listener) withdraw_topic(topic);
  for (auto at = subscribers_.begin(); at != subscribers_.end();)
    if (const auto [subscription, owner] = *at++; owner == &listener) unsubscribe(subscription);
}

bool Engine::on_publication(const StreamDelivery& delivery) {
  return deliver(owner_of(subscribers_, delivery.subscription), delivery);
}

void Engine::on_stream(const StreamEvent& event) {
  tell_self();
  owner_of(subscribers_, event.subscription)
      .tell(StreamChanged{.stream = event.stream,
                          .subscription = event.subscription,
                          .change = event.change,
                          .first = event.first,
                          .packets = event.packets});
}

void Engine::on_subscriber(const SubscriberEvent& event) {
  tell_self();
  topics_.subscribers_changed(event.topic);
  owner_of(publishers_, event.topic).tell(event);
}

/// Whoever was removed while it lived goes by another incarnation from here on.
void Engine::tell_self() {
  if (member_.self() == self_) return;
  self_ = member_.self();
  tell_all(SelfChanged{self_});
}

void Engine::tell_all(Event event) {
  tell_self();
  for (const Other& other : others_) other.listener->tell(event);
  own_.tell(std::move(event));
}

void Engine::tell_readers(Event event) {
  tell_self();
  for (const Other& other : others_)
    if (other.directory) other.listener->tell(event);
  own_.tell(std::move(event));
}

void Engine::fill(NodeStats& stats) const {
  const MemberStats member = member_.stats();
  stats.packets_received = member.received;
  stats.packets_sent = member.sent;
  stats.packets_rejected = member.rejected;
  stats.packets_exhausted = member.packets_exhausted;
  stats.away_ns = member.away_ns;
  const MessagingStats& messaging = member_.messaging().stats();
  stats.messages_sent = messaging.messages_sent;
  stats.packets_retransmitted = messaging.packets_retransmitted;
  stats.publishing = member_.publishing().stats();
  const MembershipStats& membership = member_.membership().stats();
  stats.suspicions = membership.suspicions;
  stats.refutations = membership.refutations;
  stats.removals = membership.removals;
  stats.reincarnations = membership.reincarnations;
  stats.address_conflicts = membership.address_conflicts;
  stats.narrow_paths = member_.paths().narrow();
  const DirectoryStats& directory = member_.directory().stats();
  stats.gaps = directory.gaps;
  stats.sync_requests = directory.requests;
  stats.sync_answers = directory.answers;
  stats.catch_ups = directory.catch_ups;
  stats.wrong_copies = directory.wrong_copies;
  stats.own_version = member_.directory().own().version();
  stats.events_queued = own_.backlog();
  stats.trees = {view_of(member_.self(), member_.directory().own())};
  for (const auto& [id, peer] : member_.membership().peers())
    if (const Replica* copy = member_.directory().replica(id); copy != nullptr)
      stats.trees.push_back(view_of(copy->owner(), copy->tree()));
}

}  // namespace muster
