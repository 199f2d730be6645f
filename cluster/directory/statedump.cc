// A joiner's way by a single member (P8): everything from one source, page by page, from another
// one where that fails, and from the owners themselves in the end (docs/protocol.md §6.7).
#include "cluster/directory/directory.h"

namespace muster {
namespace {

/// Unanswered requests after which the source counts as failed.
constexpr std::uint32_t attempts_max = 3;
/// Sources that are tried before the owners are asked.
constexpr std::size_t sources_max = 3;
/// Pages about strangers alone that one source may send.
constexpr std::uint32_t strange_pages_max = 1024;

/// Where the reader of `section` stands behind it.
Place behind(const wire::SectionView& section) {
  Place place{.since = section.head->base_version, .cursor = section.head->cursor_version};
  for (const wire::ChangeView& change : section.changes) {
    if (change.ends()) {
      place.cursor = change.version;
    } else {
      place.part_version = change.version;
      place.part_offset = change.end();
    }
  }
  return place;
}

}  // namespace

void Directory::activate(TimeNs now) {
  active_ = true;
  if (config_.join_from != CatchUpFrom::one_member || !begin_dump(now)) want_all(now);
  check_synchronized();
}

/// False where it does not pay: nothing is missing, no synchronized member, or no owner besides it.
bool Directory::begin_dump(TimeNs now) {
  dump_.tried.clear();
  if (copies_.size() < 2 || !choose_source()) return false;
  dump_.owner = {};
  dump_.place = {};
  for (auto& [id, copy] : copies_) copy.replica.begin_fetch(true);
  dump_.pursuit.want(now, config_, random_);
  due_at(dump_.pursuit.due_ns());
  return true;
}

/// A synchronized member, at random among those not tried yet.
bool Directory::choose_source() {
  std::vector<MemberId> sources;
  bool behind_any = false;
  for (const auto& [id, copy] : copies_) {
    behind_any |= copy.behind();
    if (copy.synchronized && std::ranges::find(dump_.tried, id) == dump_.tried.end())
      sources.push_back(id);
  }
  if (sources.empty() || !behind_any || dump_.tried.size() == sources_max) return false;
  dump_.source = sources[random_.below(sources.size())];
  dump_.tried.push_back(dump_.source);
  return true;
}

void Directory::ask_dump(TimeNs now) {
  if (dump_.pursuit.attempts() >= attempts_max) return abandon_source(now);
  if (!events_.ready()) {
    dump_.pursuit.postpone(now + pause_ns);
    return due_at(dump_.pursuit.due_ns());
  }
  const std::uint32_t request = dump_.pursuit.sent(now, config_, random_);
  due_at(dump_.pursuit.due_ns());
  send_request(copies_.at(dump_.source).endpoint,
               {.request = request,
                .scope = static_cast<std::uint8_t>(wire::SyncScope::everything),
                .pages = dump_.pursuit.pages(),
                .owner = static_cast<std::uint64_t>(dump_.owner.id),
                .incarnation = dump_.owner.incarnation,
                .since_version = 0,
                .cursor_version = dump_.place.cursor,
                .part_version = dump_.place.part_version,
                .part_offset = static_cast<std::uint32_t>(dump_.place.part_offset)});
}

void Directory::take_dump_page(TimeNs now, const wire::SyncAnswerView& answer) {
  const auto before = dump_.position();
  bool of_members = false;
  for (const wire::SectionView& section : answer.sections)
    of_members |= take_dump_section(now, section);
  if ((answer.body->flags & wire::answer_last) != 0) return end_dump(now);
  if (!of_members) ++dump_.strange_pages;
  if (dump_.position() <= before || dump_.strange_pages > strange_pages_max)
    return abandon_source(now);  // it has nothing to give
  if ((answer.body->flags & wire::answer_end) == 0) return;
  dump_.pursuit.answered();
  ask_dump(now);
}

/// False where it is passed over.
bool Directory::take_dump_section(TimeNs now, const wire::SectionView& section) {
  const MemberKey owner = wire::key_of(*section.head);
  // What follows is asked for after this owner, or after its last change that fitted.
  dump_.owner = owner;
  dump_.place = behind(section);
  if (section.complete()) {
    dump_.owner = {MemberId{section.head->owner + 1}, 0};
    dump_.place = {};
  }
  // A dump makes nobody a member: only the trees of members heard of by themselves are taken.
  Copy* const copy = find(owner.id);
  if (copy == nullptr || copy->replica.owner() != owner) return false;
  const Replica::Page page = copy->replica.take(section);
  if (Replica::ends_fetch(page)) after_page(now, *copy, page);
  return true;
}

/// It died, is silent, or has nothing to give: another one goes on where it stopped.
void Directory::abandon_source(TimeNs now) {
  ++stats_.sources_abandoned;
  dump_.pursuit.end();
  if (!choose_source()) return end_dump(now);
  dump_.pursuit = {};
  dump_.strange_pages = 0;
  ask_dump(now);
}

/// The owners are asked for whatever the dump did not bring.
void Directory::end_dump(TimeNs now) {
  dump_.pursuit.end();
  for (auto& [id, copy] : copies_) copy.replica.begin_fetch(false);
  want_all(now);
  check_synchronized();
}

}  // namespace muster
