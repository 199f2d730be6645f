#include "cluster/directory/directory.h"

namespace muster {

Directory::Directory(const DirectoryConfig& config, const Endpoint& group, Outbox& outbox,
                     DirectoryEvents& events, std::uint64_t seed)
    : config_(config),
      group_(group),
      outbox_(outbox),
      events_(events),
      random_(seed),
      own_(config, outbox, events),
      budget_(config.answer_packets_per_ms, ms),
      step_left_(config.bindings_per_step) {}

BindResult Directory::withdraw_all(TimeNs now) {
  const BindResult result = own_.withdraw_all();
  if (own_.telling()) step_at(now);
  return result;
}

void Directory::reincarnate(TimeNs now, const MemberKey& as) {
  own_.reincarnate(as);
  if (own_.telling()) step_at(now);
}

const Replica* Directory::replica(MemberId owner) const {
  const Copy* copy = find(owner);
  return copy == nullptr ? nullptr : &copy->replica;
}

Directory::Copy* Directory::find(MemberId owner) const {
  const auto found = by_owner_.find(owner);
  return found == by_owner_.end() ? nullptr : found->second;
}

void Directory::add_member(const MemberKey& key, const Endpoint& endpoint) {
  by_owner_[key.id] = &copies_.try_emplace(key.id, key, endpoint, config_, events_).first->second;
}

/// docs/protocol.md §6.8.
void Directory::remove_member(TimeNs now, const MemberInfo& member, RemovalReason reason) {
  Leaving gone{copies_.extract(member.key.id), std::string(member.name), reason};
  by_owner_.erase(member.key.id);
  gone.copy.mapped().disarm();
  std::size_t none = 0;
  if (!tell_leaving(gone, events_.ready() ? step_left_ : none)) leaving_.push_back(std::move(gone));
  step_at(now);
  if (dump_.active() && dump_.source == member.key.id) abandon_source(now);
  check_synchronized();
}

bool Directory::still_leaving(MemberId id) const {
  return std::ranges::any_of(leaving_,
                             [id](const Leaving& member) { return member.copy.key() == id; });
}

void Directory::on_heartbeat(TimeNs now, MemberId from, const Advertised& advertised) {
  Copy* const found = find(from);
  if (found == nullptr) return;
  Copy& copy = *found;
  if (!copy.heard) copy.target = advertised.version;
  copy.heard = true;
  copy.synchronized = advertised.synchronized;
  copy.advertised = std::max(copy.advertised, advertised.version);
  const Tree& tree = copy.replica.tree();
  if (copy.replica.settled() && !copy.wrong && advertised.version == tree.version()) {
    copy.wrong = advertised.digest != tree.digest();
    if (copy.wrong)
      ++stats_.wrong_copies;
    else
      copy.replica.confirm();
  }
  if (copy.behind()) want(now, copy);
  check_synchronized();
}

void Directory::on_advertisement(TimeNs now, MemberId from,
                                 const wire::AdvertisementView& advertisement) {
  Copy* const found = find(from);
  if (found == nullptr) return;
  Copy& copy = *found;
  copy.advertised = std::max<Version>(copy.advertised, advertisement.body->to_version);
  switch (copy.replica.apply(advertisement)) {
    case Replica::Applied::nothing:
      break;
    case Replica::Applied::applied:
      check_synchronized();
      break;
    case Replica::Applied::gap:
      want(now, copy);
      break;
    case Replica::Applied::sweeping:
      copy.pursuit.end();
      copy.sweeping = true;
      step_at(now);
      break;
    case Replica::Applied::too_large:
      ++stats_.too_large;
      break;
  }
}

void Directory::transmit(TimeNs now) {
  if (active_ && own_.advertise(group_)) due_at(now);
}

void Directory::on_deadline(TimeNs now) {
  if (now < next_deadline()) return;
  next_due_ns_ = never_ns;
  if (step_due_ns_ <= now) step(now);
  due_at(step_due_ns_);
  while (Copy* copy = timers_.pop(now)) pursue(now, *copy);
  if (dump_.pursuit.due_ns() <= now) ask_dump(now);
  due_at(dump_.pursuit.due_ns());
}

// What goes in steps: what the application hears of the own tree, the bindings of removed members,
// and what a fetched tree does not name. What removals have told since the last step is taken from
// the next: so between two it is never more than one, however many die at once.

/// True: that was the last of it.
bool Directory::tell_leaving(Leaving& member, std::size_t& bindings) {
  Copy& copy = member.copy.mapped();
  if (!copy.replica.withdraw(bindings)) return false;
  events_.on_removed({copy.replica.owner(), member.name, copy.endpoint}, member.reason);
  return true;
}

void Directory::step_at(TimeNs due) {
  step_due_ns_ = std::min(step_due_ns_, due);
  due_at(step_due_ns_);
}

void Directory::step(TimeNs now) {
  step_due_ns_ = never_ns;
  if (!events_.ready()) return step_at(now + pause_ns);
  std::size_t bindings = std::exchange(step_left_, config_.bindings_per_step);
  if (bindings == 0) return step_at(now);
  if (own_.telling()) {
    own_.tell(bindings);
    return step_at(now);
  }
  if (!leaving_.empty()) {
    while (!leaving_.empty() && tell_leaving(leaving_.front(), bindings)) leaving_.pop_front();
    return step_at(now);
  }
  for (auto& [id, copy] : copies_) {
    if (!copy.sweeping) continue;
    after_page(now, copy, copy.replica.sweep(bindings));
    return step_at(now);
  }
}

void Directory::check_synchronized() {
  if (synchronized_ || !active_ || dump_.active()) return;
  // While many join, this is asked for each of their heartbeats: mostly it fails for one as before.
  if (const Copy* before = find(lacking_); before != nullptr && !before->reached_target()) return;
  for (const auto& [id, copy] : copies_) {
    if (copy.reached_target()) continue;
    lacking_ = id;
    return;
  }
  synchronized_ = true;
  events_.on_synchronized();
}

}  // namespace muster
