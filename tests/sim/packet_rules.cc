#include "tests/sim/packet_rules.h"

#include "cluster/wire/type_name.h"

namespace muster::sim {

namespace {

/// Whoever had no room for a stream is asked now and then, and answers (§9.9).
bool is_of_a_refusal(const wire::Parsed& packet) {
  if (const auto* position = std::get_if<const wire::Position*>(&packet.body))
    return wire::PositionKind{(*position)->kind} == wire::PositionKind::asks;
  const auto* report = std::get_if<wire::ReportView>(&packet.body);
  return report != nullptr && wire::ReportKind{report->body->kind} == wire::ReportKind::refuses;
}

}  // namespace

void PacketRules::arrives(Process& process, const Packet& packet) {
  handling_.reset();
  wire::Parsed parsed;
  if (wire::parse(packet.payload(), roster_.cluster(), parsed)) return;
  handling_ = {wire::Type{parsed.header->type}, packet.peer};
  catch_up_.arrives(process, parsed, packet.peer);
  const MemberKey sender = wire::sender_of(*parsed.header);
  const auto owner = roster_.find(sender.id);
  if (!owner || *owner == process.server()) return;

  const auto hears = [&](Version version) {
    Version& highest = heard_[process.server()][*owner][sender.incarnation];
    highest = std::max(highest, version);
  };
  if (const auto* heartbeat = std::get_if<wire::HeartbeatView>(&parsed.body)) {
    hears(heartbeat->body->directory_version);
    process.watcher().advertised(*owner, sender.incarnation, heartbeat->body->directory_version);
  } else if (const auto* changes = std::get_if<wire::AdvertisementView>(&parsed.body)) {
    hears(changes->body->to_version);
  }
}

void PacketRules::transmitted(const Process& process, const Packet& packet) {
  const std::size_t server = process.server();
  wire::Parsed parsed;
  const auto reject = wire::parse(packet.payload(), roster_.cluster(), parsed);
  // A later version may say what this one does not know.
  if (reject == wire::Reject::unknown_type && parsed.header->version > wire::version) return;
  if (reject) return verdict_.fail("I14", "m{} sends what cannot be parsed", server);
  const auto type = wire::Type{parsed.header->type};
  const bool of_paths = type == wire::Type::path_probe || type == wire::Type::path_answer;
  if (verdict_.now() >= quiet_from_ns_ && type != wire::Type::heartbeat && !of_paths &&
      !is_of_a_refusal(parsed))
    verdict_.fail("I4", "m{} sends a {} though all agree and nothing happens", server,
                  name_of(type));
  if (handling_ && handling_->type == wire::Type::advertisement)
    verdict_.fail("I4", "m{} sends a {} because of an advertisement", server, name_of(type));
  if (const auto* request = std::get_if<const wire::SyncRequest*>(&parsed.body))
    check_request(process, **request, packet);
  if (type == wire::Type::sync_answer) check_answer(process, packet);
  if (const auto* publication = std::get_if<wire::PublicationView>(&parsed.body))
    check_publication(process, *publication->body, packet);
  catch_up_.transmitted(process, parsed, packet.peer);
  if (packet.peer == roster_.group() && !process.member().hears_group())
    verdict_.fail("I1", "m{} says a {} to a group that does not hear it", server, name_of(type));
}

void PacketRules::check_request(const Process& process, const wire::SyncRequest& request,
                                const Packet& packet) {
  const std::size_t server = process.server();
  const auto asked = roster_.find(packet.peer);
  if (!asked) return verdict_.fail("I4", "m{} asks all for what it missed", server);
  if (wire::SyncScope{request.scope} == wire::SyncScope::everything) {
    if (process.member().directory().synchronized())
      verdict_.fail("I4", "m{} asks for everything though it is synchronized", server);
    return;
  }
  const MemberId owner{std::uint64_t{request.owner}};
  if (roster_.id(*asked) != owner)
    return verdict_.fail("I4", "m{} asks m{} for the tree of another", server, *asked);
  const Heard& heard = heard_[server][*asked];
  const auto highest = heard.find(request.incarnation);
  const Replica* replica = process.member().directory().replica(owner);
  if (replica == nullptr || highest == heard.end() ||
      (replica->settled() && replica->tree().version() >= highest->second))
    verdict_.fail("I4", "m{} asks m{} for changes though it misses none", server, *asked);
}

void PacketRules::check_answer(const Process& process, const Packet& packet) {
  const bool asked = handling_ && handling_->type == wire::Type::sync_request;
  if (!asked || packet.peer != handling_->from)
    verdict_.fail("I4", "m{} sends an answer to somebody who did not ask", process.server());
}

/// Once to all; what somebody lacks then goes to that one.
void PacketRules::check_publication(const Process& process, const wire::Publication& publication,
                                    const Packet& packet) {
  if (packet.peer != roster_.group()) return;
  std::uint32_t& newest = to_group_[{process.server(), process.member().self().incarnation,
                                     std::uint64_t{publication.topic}}];
  if (publication.sequence <= newest)
    verdict_.fail("I4", "m{} publishes packet {} to the group again", process.server(),
                  std::uint32_t{publication.sequence});
  newest = publication.sequence;
}

}  // namespace muster::sim
