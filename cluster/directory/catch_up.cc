// Catching up point-to-point: who misses something asks, page by page, and whoever holds the tree
// answers (docs/protocol.md §6.5, §6.6).
#include "cluster/directory/directory.h"

namespace muster {
namespace {

/// A repair by multicast is for at least one of so many members.
constexpr std::size_t repair_share = 16;

MemberKey key_of(const wire::SyncRequest& request) {
  return {MemberId{std::uint64_t{request.owner}}, request.incarnation};
}

Place place_of(const wire::SyncRequest& request) {
  return {.since = request.since_version,
          .cursor = request.cursor_version,
          .part_version = request.part_version,
          .part_offset = request.part_offset};
}

}  // namespace

// The one who answers.

/// The own tree, or a copy that is no half-way state.
const Tree* Directory::tree_of(const MemberKey& owner) const {
  if (owner == outbox_.sender().self) return &own_.tree();
  const Replica* copy = replica(owner.id);
  return copy != nullptr && copy->owner() == owner && copy->settled() ? &copy->tree() : nullptr;
}

/// docs/protocol.md §6.9.
bool Directory::served_by_repair(TimeNs now, const wire::SyncRequest& request,
                                 const Endpoint& from) {
  const bool about_self = wire::SyncScope{request.scope} == wire::SyncScope::owner &&
                          key_of(request) == outbox_.sender().self;
  // Who wants the whole tree has not missed an advertisement, nor has who claims to know more.
  const bool begins = request.since_version > 0 && request.since_version < own().version() &&
                      request.part_version == 0 && request.cursor_version == request.since_version;
  const auto copies = static_cast<std::uint32_t>(outbox_.audience().packets());
  const bool pays = copies <= config_.repair_threshold;
  if (!active_ || !about_self || !begins || !pays) return false;
  // One packet for all burdens those who miss nothing: few of many are answered each alone.
  const std::size_t threshold =
      std::max<std::size_t>(config_.repair_threshold, (copies_.size() + 1) / repair_share);
  switch (
      repair_.asked(now, from, request.since_version, threshold, 2 * config_.request_jitter_ns)) {
    case Repair::Verdict::answer:
      return false;
    case Repair::Verdict::covered:
      return true;
    case Repair::Verdict::repeat:
      break;
  }
  const std::uint32_t granted = budget_.grant(now, OwnTree::repeated_packets_max * copies);
  const std::uint32_t sent = own_.repeat(group_, request.since_version, granted / copies);
  budget_.give_back(granted - sent * copies);
  if (sent == 0) return false;
  repair_.repeated(request.since_version);
  ++stats_.repairs;
  return true;
}

void Directory::on_request(TimeNs now, const wire::SyncRequest& request, const Endpoint& from) {
  if (served_by_repair(now, request, from)) return;
  Answering at{.owner = key_of(request), .place = place_of(request)};
  const std::uint32_t pages =
      budget_.grant(now, std::min<std::uint32_t>(request.pages, config_.answer_pages_max));
  if (pages == 0) ++stats_.over_budget;  // the requester asks again
  const bool everything = wire::SyncScope{request.scope} == wire::SyncScope::everything;
  for (std::uint32_t page = 0; page < pages; ++page) {
    Packet* packet = outbox_.open(wire::Type::sync_answer);
    if (packet == nullptr) return;  // the requester asks again
    auto& head = append(*packet, wire::SyncAnswer{.request = request.request,
                                                  .page = static_cast<std::uint8_t>(page),
                                                  .flags = 0,
                                                  .sections = 0});
    const bool last =
        everything ? answer_everything(*packet, head, at) : answer_owner(*packet, head, at);
    if (last) head.flags |= wire::answer_last;
    const bool end = last || head.sections == 0 || page + 1 == pages;
    if (end) head.flags |= wire::answer_end;
    ++stats_.answers;
    outbox_.send(*packet, from);
    if (end) return budget_.give_back(pages - page - 1);
  }
}

/// True: the tree's version is reached.
bool Directory::answer_owner(Packet& packet, wire::SyncAnswer& head, Answering& at) {
  const Tree* tree = tree_of(at.owner);
  if (tree == nullptr) return false;
  const Written written = append_section(packet, at.owner, *tree, at.place);
  if (written != Written::nothing) head.sections = 1;
  return written == Written::complete;
}

/// Own tree and copies in ascending order of owners, as many as fit. True: that was all.
bool Directory::answer_everything(Packet& packet, wire::SyncAnswer& head, Answering& at) {
  const MemberKey self = outbox_.sender().self;
  const MemberId from = at.owner.id;
  // False when the packet is full.
  const auto add = [&](const MemberKey& owner, const Tree& tree) {
    if (tree.version() == 0) return true;
    if (owner != at.owner) at = {.owner = owner, .place = {}};
    if (at.place.cursor > tree.version()) return true;  // the reader has more than is here
    const Written written = append_section(packet, owner, tree, at.place);
    if (written != Written::nothing) ++head.sections;
    if (written != Written::complete) return false;
    at = {.owner = {MemberId{static_cast<std::uint64_t>(owner.id) + 1}, 0}, .place = {}};
    return head.sections < UINT8_MAX;
  };
  bool self_done = self.id < from;
  for (auto next = copies_.lower_bound(from); next != copies_.end(); ++next) {
    if (!self_done && self.id < next->first) {
      self_done = true;
      if (!add(self, own())) return false;
    }
    const Replica& copy = next->second.replica;
    if (copy.settled() && !add(copy.owner(), copy.tree())) return false;
  }
  return self_done || add(self, own());
}

// The one who asks.

void Directory::want(TimeNs now, Copy& copy) {
  if (!active_ || dump_.active() || copy.sweeping) return;
  if (copy.overtaken()) copy.pursuit.end();
  if (copy.pursuit.state() != Pursuit::State::idle) return;
  ++stats_.gaps;
  copy.pursuit.want(now, config_, random_);
  arm(copy);
}

void Directory::want_all(TimeNs now) {
  for (auto& [id, copy] : copies_)
    if (copy.behind()) want(now, copy);
}

/// Its timer has come. A pursuit that was put off or has ended meanwhile is not due.
void Directory::pursue(TimeNs now, Copy& copy) {
  if (copy.pursuit.due_ns() > now) return arm(copy);
  if (copy.pursuit.state() == Pursuit::State::waiting) copy.replica.begin_fetch(copy.wrong);
  ask(now, copy);
}

void Directory::ask(TimeNs now, Copy& copy) {
  if (!copy.behind()) return copy.pursuit.end();  // what was missing has arrived by itself
  if (!events_.ready()) {
    copy.pursuit.postpone(now + pause_ns);
    return arm(copy);
  }
  if (copy.moved_on()) copy.replica.begin_fetch(false);
  const MemberKey owner = copy.replica.owner();
  const Place place = copy.replica.place();
  const std::uint32_t request = copy.pursuit.sent(now, config_, random_);
  arm(copy);
  send_request(copy.endpoint, {.request = request,
                               .scope = static_cast<std::uint8_t>(wire::SyncScope::owner),
                               .pages = copy.pursuit.pages(),
                               .owner = static_cast<std::uint64_t>(owner.id),
                               .incarnation = owner.incarnation,
                               .since_version = place.since,
                               .cursor_version = place.cursor,
                               .part_version = place.part_version,
                               .part_offset = static_cast<std::uint32_t>(place.part_offset)});
}

void Directory::send_request(const Endpoint& to, const wire::SyncRequest& request) {
  Packet* packet = outbox_.open(wire::Type::sync_request);
  if (packet == nullptr) return;  // the pursuit's timer asks again
  append(*packet, request);
  outbox_.send(*packet, to);
  ++stats_.requests;
}

void Directory::on_answer(TimeNs now, MemberId from, const wire::SyncAnswerView& answer) {
  const std::uint32_t request = answer.body->request;
  const bool dumps = dump_.pursuit.awaits(request) && dump_.source == from;
  Copy* const copy = find(from);
  if (copy == nullptr || !(dumps || copy->pursuit.awaits(request))) return;
  Pursuit& pursuit = dumps ? dump_.pursuit : copy->pursuit;
  switch (pursuit.page(now, answer.body->page)) {
    case Pursuit::Order::again:
      return;
    case Pursuit::Order::hole:
      ++stats_.holes;
      return dumps ? ask_dump(now) : ask(now, *copy);
    case Pursuit::Order::next:
      break;
  }
  if (dumps)
    take_dump_page(now, answer);
  else if (!answer.sections.empty())
    take_page(now, *copy, answer);
}

void Directory::take_page(TimeNs now, Copy& copy, const wire::SyncAnswerView& answer) {
  const wire::SectionView section = *answer.sections.begin();
  if (wire::key_of(*section.head) != copy.replica.owner()) return;
  const Replica::Page page = copy.replica.take(section);
  if (Replica::ends_fetch(page)) return after_page(now, copy, page);
  if (page == Replica::Page::unexpected) return;
  if (page == Replica::Page::again) return ask(now, copy);
  if (page == Replica::Page::taken && (answer.body->flags & wire::answer_end) == 0) return;
  if (page == Replica::Page::taken) copy.pursuit.answered();
  ask(now, copy);
}

/// A fetch has ended, or nearly: is the copy now what it should be?
void Directory::after_page(TimeNs now, Copy& copy, Replica::Page page) {
  copy.pursuit.end();
  copy.sweeping = page == Replica::Page::sweeping;
  if (copy.sweeping) return step_at(now);
  if (page == Replica::Page::settled) {
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

}  // namespace muster
