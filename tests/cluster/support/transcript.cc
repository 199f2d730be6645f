#include "tests/cluster/support/transcript.h"

namespace muster::test {
namespace {

std::string range(Version from, Version to) {
  return std::to_string(from) + " to " + std::to_string(to);
}

/// "+/db -/old", the middle of many left out.
std::string changes_of(const wire::Changes& changes) {
  constexpr std::size_t shown_max = 4;
  std::string all;
  std::size_t at = 0;
  for (const wire::ChangeView& change : changes) {
    ++at;
    const bool shown = changes.size() <= shown_max || at <= 2 || at == changes.size();
    if (!shown) {
      if (at == 3) all += " …";
      continue;
    }
    all += change.kind == wire::ChangeKind::bind       ? " +"
           : change.kind == wire::ChangeKind::withdraw ? " -"
                                                       : " clear";
    all += change.path;
    if (!change.whole())
      all += " [" + std::to_string(change.offset) + ".." + std::to_string(change.end()) + "]";
  }
  return all.empty() ? " nothing" : all;
}

}  // namespace

std::string Transcript::name(std::uint64_t owner) const {
  const auto found = names_.find(MemberId{owner});
  return found == names_.end() ? "somebody" : found->second;
}

void Transcript::note(const Segment::Transit& transit) {
  wire::Parsed packet;
  if (wire::parse(transit.bytes, transit.from.config.cluster, packet)) return;
  const std::pair<std::uint64_t, std::uint64_t> number{packet.header->sender,
                                                       packet.header->packet_number};
  if (number == last_) return;
  const std::string what = describe(packet);
  if (what.empty()) return;
  last_ = number;
  const std::string to = transit.multicast ? "all" : transit.to.config.name;
  text_ += transit.from.config.name + " -> " + to + ": " + what + "\n";
}

void Transcript::note_lost(const Segment::Host& to) {
  text_.pop_back();
  text_ += " (lost on its way to " + to.config.name + ")\n";
}

std::string Transcript::describe(const wire::Parsed& packet) {
  if (const auto* heartbeat = std::get_if<wire::HeartbeatView>(&packet.body)) {
    const Version version = heartbeat->body->directory_version;
    if (version < heartbeats_from_) return {};
    heartbeats_from_ = version + 1;
    return "heartbeat, at version " + std::to_string(version);
  }
  if (const auto* changes = std::get_if<wire::AdvertisementView>(&packet.body))
    return "changes " + range(changes->body->base_version, changes->body->to_version) + ":" +
           changes_of(changes->changes);
  if (const auto* request = std::get_if<const wire::SyncRequest*>(&packet.body))
    return describe(**request);
  if (const auto* answer = std::get_if<wire::SyncAnswerView>(&packet.body))
    return describe(*answer);
  return {};
}

std::string Transcript::describe(const wire::SyncRequest& request) {
  std::string what;
  if (wire::SyncScope{request.scope} == wire::SyncScope::everything)
    what = request.owner == 0 ? "everything?" : "everything from " + name(request.owner) + " on";
  else
    what = "what of yours after " + std::to_string(request.since_version) + "?";
  what += " (";
  if (request.cursor_version > request.since_version)
    what += "I have up to " + std::to_string(request.cursor_version) + "; ";
  if (request.part_version != 0)
    what += "I have " + std::to_string(request.part_offset) + " bytes of " +
            std::to_string(request.part_version) + "; ";
  return what + "pages: " + std::to_string(request.pages) + ")";
}

std::string Transcript::describe(const wire::SyncAnswerView& answer) {
  std::string what = "page " + std::to_string(answer.body->page);
  for (const wire::SectionView& section : answer.sections) {
    what += "; " + name(section.head->owner) + " " +
            range(section.head->base_version, section.head->to_version) + ":" +
            changes_of(section.changes);
    if (section.complete()) what += " (complete)";
  }
  if ((answer.body->flags & wire::answer_last) != 0) what += "; nothing is left";
  return what;
}

}  // namespace muster::test
