// A joiner's way by a single member (P8): everything from one source, page by page, and from the
// owners themselves when the source fails.
#include "cluster/directory/directory.h"

namespace muster {
namespace {

/// Unanswered requests after which the source counts as failed.
constexpr std::uint32_t attempts_max = 3;

}  // namespace

void Directory::activate(TimeNs now) {
  active_ = true;
  if (config_.join_from != CatchUpFrom::one_member || !begin_dump(now)) want_all(now);
  check_synchronized();
}

/// False where it does not pay: no synchronized member, or no owner besides it.
bool Directory::begin_dump(TimeNs now) {
  std::size_t sources = 0;
  for (const auto& [id, copy] : copies_) sources += copy.synchronized ? 1 : 0;
  if (sources == 0 || copies_.size() < 2) return false;
  std::size_t skip = random_.below(sources);
  for (const auto& [id, copy] : copies_) {
    if (!copy.synchronized || skip-- > 0) continue;
    dump_.source = id;
    break;
  }
  dump_.owner = {};
  dump_.cursor = 0;
  for (auto& [id, copy] : copies_) copy.replica.restart_fetch(true);
  ask_dump(now);
  return true;
}

void Directory::ask_dump(TimeNs now) {
  const auto source = copies_.find(dump_.source);
  if (dump_.pursuit.attempts() >= attempts_max || source == copies_.end()) {
    ++stats_.dumps_abandoned;
    return end_dump(now);
  }
  const std::uint32_t request = dump_.pursuit.sent(now, config_, random_);
  due_at(dump_.pursuit.due_ns());
  send_request(source->second.endpoint,
               {.request = request,
                .scope = static_cast<std::uint8_t>(wire::SyncScope::everything),
                .owner = static_cast<std::uint64_t>(dump_.owner.id),
                .incarnation = dump_.owner.incarnation,
                .since_version = 0,
                .cursor_version = dump_.cursor});
}

void Directory::take_dump_page(TimeNs now, const wire::SyncAnswerView& answer) {
  for (const auto& section : answer.sections) {
    const MemberKey owner = key_of(*section.head);
    // What follows is asked for after this owner, or after its last change that fitted.
    dump_.owner = owner;
    if (section.complete()) {
      dump_.owner = {MemberId{section.head->owner + 1}, 0};
      dump_.cursor = 0;
    } else {
      for (const auto& change : section.changes) dump_.cursor = change.version;
    }
    // A dump makes nobody a member: only the trees of members heard of by themselves are taken.
    const auto found = copies_.find(owner.id);
    if (found == copies_.end() || !(found->second.replica.owner() == owner)) continue;
    const Replica::Page page = found->second.replica.take(section);
    if (page == Replica::Page::committed) ++stats_.catch_ups;
    if (page == Replica::Page::wrong) found->second.wrong = true;
    if (page == Replica::Page::too_large) ++stats_.too_large;
  }
  if ((answer.body->flags & wire::answer_last) != 0) return end_dump(now);
  if (!answer.sections.empty()) dump_.pursuit.progressed();
  ask_dump(now);
}

/// The owners are asked for whatever the dump did not bring.
void Directory::end_dump(TimeNs now) {
  dump_.pursuit.end();
  for (auto& [id, copy] : copies_) copy.replica.restart_fetch(false);
  want_all(now);
  check_synchronized();
}

}  // namespace muster
