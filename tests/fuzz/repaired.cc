#include "tests/fuzz/repaired.h"

#include <algorithm>
#include <iterator>

namespace muster::fuzz {
namespace {

/// The body of `bytes`, where it is of this type and long enough; else nullptr.
template <class Body>
Body* body_of(std::vector<std::byte>& bytes, wire::Type type) {
  const auto* header = reinterpret_cast<const wire::Header*>(bytes.data());
  if (wire::Type{header->type} != type || bytes.size() < sizeof(wire::Header) + sizeof(Body))
    return nullptr;
  return reinterpret_cast<Body*>(bytes.data() + sizeof(wire::Header));
}

/// The answer of a suspect to the probes that are under way.
void answer_probe(wire::ProbeAck& ack, const Membership& membership) {
  const auto& peers = membership.peers();
  const auto suspect =
      std::ranges::find_if(peers, [](const auto& entry) { return entry.second.suspected; });
  if (suspect == peers.end()) return;
  ack.nonce = suspect->second.nonce;
  ack.subject = static_cast<std::uint64_t>(suspect->first);
  ack.subject_incarnation = suspect->second.key.incarnation;
}

/// So many changes from `at` on make the versions after `version`; returns the last of them.
Version renumber(std::vector<std::byte>& bytes, std::size_t at, std::size_t changes,
                 Version version) {
  for (; changes > 0 && at + sizeof(wire::Change) <= bytes.size(); --changes) {
    auto& change = *reinterpret_cast<wire::Change*>(bytes.data() + at);
    change.version = ++version;
    at += sizeof change + change.path_length + change.length;
  }
  return version;
}

/// What follows the copy of the sender's tree.
void continue_tree(std::vector<std::byte>& bytes, const Directory& directory,
                   const MemberKey& owner) {
  auto* head = body_of<wire::Advertisement>(bytes, wire::Type::advertisement);
  const Replica* copy = directory.replica(owner.id);
  if (head == nullptr || copy == nullptr) return;
  head->base_version = copy->tree().version();
  head->to_version =
      renumber(bytes, sizeof(wire::Header) + sizeof *head, head->changes, copy->tree().version());
}

/// The first section of a page: about the sender's own tree, where its copy stands.
void continue_fetch(std::vector<std::byte>& bytes, const Directory& directory,
                    const MemberKey& owner) {
  struct OneSection {
    wire::SyncAnswer head;
    wire::Section section;
  };
  auto* page = body_of<OneSection>(bytes, wire::Type::sync_answer);
  const Replica* copy = directory.replica(owner.id);
  if (page == nullptr || copy == nullptr) return;
  page->section.owner = static_cast<std::uint64_t>(owner.id);
  page->section.incarnation = owner.incarnation;
  page->section.base_version = copy->place().since;
  page->section.cursor_version = copy->place().cursor;
  const Version last = renumber(bytes, sizeof(wire::Header) + sizeof *page, page->section.changes,
                                copy->place().cursor);
  page->section.to_version =
      std::max({std::uint64_t{page->section.to_version}, last, copy->tree().version()});
}

/// What this member hears next on the channel, near enough: beyond what it has acknowledged there,
/// and with an acknowledgement of some that it has sent.
void continue_channel(std::vector<std::byte>& bytes, const FuzzPort& port) {
  constexpr std::uint32_t ahead = 8;
  auto* session = body_of<wire::Session>(bytes, wire::Type::session);
  if (session == nullptr) return;
  session->channel %= 3;  // few, so that what is said of one is about the same
  const FuzzPort::Said& said = port.said(session->channel);
  if (session->sequence != 0) session->sequence = said.acknowledged + 1 + session->sequence % ahead;
  session->acknowledged =
      said.sequence - std::min<std::uint32_t>(said.sequence, session->acknowledged % ahead);
}

/// What comes next of a topic, near enough: few topics and subscriptions, so that there is one.
void continue_topic(std::vector<std::byte>& bytes, const FuzzPort& port) {
  constexpr std::uint32_t ahead = 8;
  constexpr std::uint64_t numbers = 3;
  if (auto* publication = body_of<wire::Publication>(bytes, wire::Type::publication)) {
    publication->topic = 1 + publication->topic % numbers;
    publication->sequence = port.reported() + 1 + publication->sequence % ahead;
  }
  if (auto* position = body_of<wire::Position>(bytes, wire::Type::position)) {
    position->topic = 1 + position->topic % numbers;
    position->subscription = 1 + position->subscription % numbers;
    position->turn = 1 + position->turn % ahead;
    position->first = 1 + position->first % (port.reported() + ahead);
    position->kind %= 3;
  }
  if (auto* report = body_of<wire::Report>(bytes, wire::Type::report)) {
    report->topic = 1 + report->topic % numbers;
    report->kind &= 1;
    report->turn = port.turn() - std::min<std::uint64_t>(port.turn(), report->turn % 2);
    report->acknowledged =
        port.published() - std::min<std::uint32_t>(port.published(), report->acknowledged % ahead);
  }
}

}  // namespace

std::vector<std::byte> addressed(std::span<const std::byte> taken, const Member& member,
                                 const FuzzPort& port) {
  std::vector<std::byte> bytes(taken.begin(), taken.end());
  if (bytes.size() < sizeof(wire::Header)) return bytes;
  auto& header = *reinterpret_cast<wire::Header*>(bytes.data());
  header.magic = wire::magic;
  header.version = header.oldest_version = wire::version;
  header.cluster = cluster_id("simulated");
  if (auto* session = body_of<wire::Session>(bytes, wire::Type::session))
    session->receiver_incarnation = member.self().incarnation;
  if (auto* position = body_of<wire::Position>(bytes, wire::Type::position))
    position->receiver_incarnation = member.self().incarnation;
  if (auto* report = body_of<wire::Report>(bytes, wire::Type::report))
    report->receiver_incarnation = member.self().incarnation;
  if (auto* answer = body_of<wire::SyncAnswer>(bytes, wire::Type::sync_answer))
    answer->request = port.last_request();
  if (auto* introduction = body_of<wire::Introduction>(bytes, wire::Type::introduction))
    introduction->nonce = port.introduction_nonce();
  if (auto* ack = body_of<wire::ProbeAck>(bytes, wire::Type::probe_ack))
    answer_probe(*ack, member.membership());
  if (auto* removed = body_of<wire::Removed>(bytes, wire::Type::removed))
    removed->incarnation = member.self().incarnation;
  if (auto* refuse = body_of<wire::Refuse>(bytes, wire::Type::refuse))
    refuse->known_incarnation = member.self().incarnation;
  return bytes;
}

std::vector<std::byte> expected(std::span<const std::byte> taken, const Member& member,
                                const FuzzPort& port) {
  std::vector<std::byte> bytes = addressed(taken, member, port);
  const auto& peers = member.membership().peers();
  if (bytes.size() < sizeof(wire::Header) || peers.empty()) return bytes;
  auto& header = *reinterpret_cast<wire::Header*>(bytes.data());
  const auto which = static_cast<std::ptrdiff_t>(header.sender % peers.size());
  const Peer& sender = std::next(peers.begin(), which)->second;
  header.sender = static_cast<std::uint64_t>(sender.key.id);
  header.incarnation = sender.key.incarnation;
  header.packet_number = std::max<std::uint64_t>(header.packet_number, sender.packet_number + 1);
  continue_tree(bytes, member.directory(), sender.key);
  continue_fetch(bytes, member.directory(), sender.key);
  continue_channel(bytes, port);
  continue_topic(bytes, port);
  return bytes;
}

}  // namespace muster::fuzz
