#include "cluster/directory/directory.h"

#include "cluster/directory/answer.h"

namespace muster {
namespace {

MemberKey key_of(const wire::SyncRequest& request) {
  return {MemberId{std::uint64_t{request.owner}}, request.incarnation};
}

}  // namespace

Directory::Directory(const DirectoryConfig& config, const Endpoint& group, Outbox& outbox,
                     Events& events, std::uint64_t seed)
    : config_(config),
      group_(group),
      outbox_(outbox),
      events_(events),
      random_(seed),
      own_(config, outbox, events) {}

const Replica* Directory::replica(MemberId owner) const {
  const Copy* copy = find(owner);
  return copy == nullptr ? nullptr : &copy->replica;
}

Directory::Copy* Directory::find(MemberId owner) const {
  const auto found = by_owner_.find(owner);
  return found == by_owner_.end() ? nullptr : found->second;
}

void Directory::add_member(const MemberKey& key, const Endpoint& endpoint) {
  by_owner_[key.id] =
      &copies_.try_emplace(key.id, Replica(key, config_, events_), endpoint).first->second;
}

void Directory::remove_member(TimeNs now, MemberId id) {
  const auto found = copies_.find(id);
  if (found == copies_.end()) return;
  found->second.replica.withdraw_all();
  copies_.erase(found);
  by_owner_.erase(id);
  if (dump_.active() && dump_.source == id) {
    ++stats_.dumps_abandoned;
    end_dump(now);
  }
  check_synchronized();
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
  if (advertised.version == tree.version() && advertised.digest != tree.digest() && !copy.wrong) {
    copy.wrong = true;
    ++stats_.wrong_copies;
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
    case Replica::Applied::too_large:
      ++stats_.too_large;
      break;
  }
}

void Directory::on_request(const wire::SyncRequest& request, const Endpoint& from) {
  Packet* packet = outbox_.open(wire::Type::sync_answer);
  if (packet == nullptr) return;  // the requester asks again
  auto& head =
      append(*packet, wire::SyncAnswer{.request = request.request, .flags = 0, .sections = 0});
  if (wire::SyncScope{request.scope} == wire::SyncScope::everything)
    answer_everything(*packet, head, request);
  else
    answer_owner(*packet, head, request);
  ++stats_.answers;
  outbox_.send(*packet, from);
}

void Directory::answer_owner(Packet& packet, wire::SyncAnswer& head,
                             const wire::SyncRequest& request) {
  const MemberKey owner = key_of(request);
  const Replica* copy = replica(owner.id);
  const Tree* tree = nullptr;
  if (owner == outbox_.sender().self) tree = &own_.tree();
  if (copy != nullptr && copy->owner() == owner) tree = &copy->tree();
  if (tree == nullptr) return;
  if (append_section(packet, owner, *tree, request.since_version, request.cursor_version) !=
      Written::nothing)
    head.sections = 1;
}

/// Own tree and copies in ascending order of owners, as many as fit.
void Directory::answer_everything(Packet& packet, wire::SyncAnswer& head,
                                  const wire::SyncRequest& request) {
  const MemberKey resumed = key_of(request);
  const MemberKey self = outbox_.sender().self;
  // False when the packet is full.
  const auto add = [&](const MemberKey& owner, const Tree& tree) {
    if (owner.id < resumed.id || tree.version() == 0) return true;
    const Version cursor = owner == resumed ? Version{request.cursor_version} : 0;
    const Written written = append_section(packet, owner, tree, 0, cursor);
    if (written != Written::nothing) ++head.sections;
    return written == Written::complete && head.sections < UINT8_MAX;
  };
  bool self_done = false;
  for (const auto& [id, copy] : copies_) {
    if (!self_done && self.id < id) {
      self_done = true;
      if (!add(self, own_.tree())) return;
    }
    if (!add(copy.replica.owner(), copy.replica.tree())) return;
  }
  if (!self_done && !add(self, own_.tree())) return;
  head.flags = wire::answer_last;
}

void Directory::on_answer(TimeNs now, MemberId from, const wire::SyncAnswerView& answer) {
  if (dump_.pursuit.awaits(answer.body->request) && dump_.source == from)
    return take_dump_page(now, answer);
  const auto found = copies_.find(from);
  if (found == copies_.end() || !found->second.pursuit.awaits(answer.body->request)) return;
  if (!answer.sections.empty()) take_page(now, found->second, *answer.sections.begin());
}

void Directory::take_page(TimeNs now, Copy& copy, const wire::SectionView& section) {
  if (!(key_of(*section.head) == copy.replica.owner())) return;
  const Replica::Page page = copy.replica.take(section);
  if (page == Replica::Page::unexpected) return;
  if (page == Replica::Page::staged) {
    if (!copy.behind()) return copy.pursuit.end();  // the rest has arrived by itself
    copy.pursuit.progressed();
    return ask(now, copy);
  }
  copy.pursuit.end();
  settle(now, copy, page);
}

/// A fetch has ended: is the copy now what it should be?
void Directory::settle(TimeNs now, Copy& copy, Replica::Page page) {
  if (page == Replica::Page::committed) {
    copy.wrong = false;
    copy.advertised = std::max(copy.advertised, copy.replica.tree().version());
    ++stats_.catch_ups;
  } else if (page == Replica::Page::wrong) {
    copy.wrong = true;
    ++stats_.wrong_copies;
  } else if (page == Replica::Page::too_large) {
    ++stats_.too_large;
    return;  // until the owner's next heartbeat
  }
  if (copy.behind()) want(now, copy);
  check_synchronized();
}

void Directory::want(TimeNs now, Copy& copy) {
  if (!active_ || dump_.active() || copy.pursuit.state() != Pursuit::State::idle) return;
  ++stats_.gaps;
  copy.pursuit.want(now, config_, random_);
  due_at(copy.pursuit.due_ns());
}

void Directory::want_all(TimeNs now) {
  for (auto& [id, copy] : copies_)
    if (copy.behind()) want(now, copy);
}

void Directory::ask(TimeNs now, Copy& copy) {
  const Replica& replica = copy.replica;
  const std::uint32_t request = copy.pursuit.sent(now, config_, random_);
  due_at(copy.pursuit.due_ns());
  send_request(copy.endpoint, {.request = request,
                               .scope = static_cast<std::uint8_t>(wire::SyncScope::owner),
                               .owner = static_cast<std::uint64_t>(replica.owner().id),
                               .incarnation = replica.owner().incarnation,
                               .since_version = replica.since(),
                               .cursor_version = replica.cursor()});
}

void Directory::send_request(const Endpoint& to, const wire::SyncRequest& request) {
  Packet* packet = outbox_.open(wire::Type::sync_request);
  if (packet == nullptr) return;  // the pursuit's timer asks again
  append(*packet, request);
  outbox_.send(*packet, to);
  ++stats_.requests;
}

void Directory::on_deadline(TimeNs now) {
  if (now < next_due_ns_) return;
  next_due_ns_ = never_ns;
  for (auto& [id, copy] : copies_) {
    Pursuit& pursuit = copy.pursuit;
    if (pursuit.due_ns() <= now) {
      if (!copy.behind()) {  // it arrived by itself
        pursuit.end();
        continue;
      }
      if (pursuit.state() == Pursuit::State::waiting) copy.replica.restart_fetch(copy.wrong);
      ask(now, copy);
    }
    due_at(pursuit.due_ns());
  }
  if (dump_.pursuit.due_ns() <= now) ask_dump(now);
  due_at(dump_.pursuit.due_ns());
}

void Directory::reincarnate(const MemberKey& from, const MemberKey& to) {
  own_.withdraw_all(from);
  own_.bind_all(to);
}

void Directory::check_synchronized() {
  if (synchronized_ || !active_ || dump_.active()) return;
  const auto lacks = [](const Copy& copy) {
    return !copy.heard || copy.wrong || copy.replica.tree().version() < copy.target;
  };
  // While many join, this is asked for each of their heartbeats: mostly it fails for one as before.
  if (const Copy* before = find(lacking_); before != nullptr && lacks(*before)) return;
  for (const auto& [id, copy] : copies_) {
    if (!lacks(copy)) continue;
    lacking_ = id;
    return;
  }
  synchronized_ = true;
  events_.on_synchronized();
}

}  // namespace muster
