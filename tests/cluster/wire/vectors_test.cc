// The test vectors of docs/protocol.md §10, read from the document itself: each packet is parsed
// and says what stands beside its bytes, each hash is what the code computes.
#include <cctype>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/directory/tree.h"
#include "cluster/messaging/sequence.h"
#include "cluster/wire/parse.h"
#include "tests/cluster/support/segment.h"
#include "tests/cluster/wire/protocol_document.h"

namespace muster::wire {
namespace {

constexpr Incarnation ann_incarnation = 17;
constexpr Incarnation bob_incarnation = 34;
constexpr Endpoint ann_endpoint{0x0a4d0001, 7777};
constexpr Endpoint bob_endpoint{0x0a4d0002, 7777};

std::string text_of(Bytes bytes) { return test::text(bytes); }
std::uint64_t number(MemberId id) { return static_cast<std::uint64_t>(id); }

const auto ann = member_id("ann");
const auto bob = member_id("bob");

void is_the_binding_of_db(const ChangeView& change) {
  EXPECT_EQ(change.version, 5U);
  EXPECT_EQ(change.kind, ChangeKind::bind);
  EXPECT_EQ(change.path, "/db");
  const Content content = content_of(change);
  EXPECT_EQ(content.attributes.get("zone"), "eu");
  EXPECT_EQ(text_of(content.value), "one");
}

void check_heartbeat(const Parsed& packet) {
  const auto& view = std::get<HeartbeatView>(packet.body);
  EXPECT_EQ(packet.header->flags, flag_introduces);
  EXPECT_EQ(view.body->directory_version, 5U);
  EXPECT_EQ(view.body->members_alive, 2U);
  EXPECT_EQ(view.body->synchronized, 1U);
  EXPECT_EQ(view.name, "ann");
}

void check_batch(const Parsed& packet) {
  const auto& view = std::get<AdvertisementView>(packet.body);
  ASSERT_EQ(view.changes.size(), 2U);
  auto at = view.changes.begin();
  EXPECT_EQ(at->kind, ChangeKind::withdraw);
  EXPECT_TRUE(at->more);
  ++at;
  EXPECT_EQ(at->kind, ChangeKind::clear);
  EXPECT_FALSE(at->more);
}

void check_end_of_a_change(const Parsed& packet) {
  const auto& view = std::get<AdvertisementView>(packet.body);
  const ChangeView change = *view.changes.begin();
  EXPECT_EQ(change.path, "/big");
  EXPECT_EQ(change.content_bytes, 10U);
  EXPECT_EQ(change.offset, 4U);
  EXPECT_EQ(text_of(change.piece), "efghij");
}

void check_request(const Parsed& packet) {
  const auto& request = *std::get<const SyncRequest*>(packet.body);
  EXPECT_EQ(request.request, 0x01020304U);
  EXPECT_EQ(request.pages, 4U);
  EXPECT_EQ(request.owner, number(ann));
  EXPECT_EQ(request.incarnation, ann_incarnation);
  EXPECT_EQ(request.since_version, 3U);
  EXPECT_EQ(request.cursor_version, 4U);
  EXPECT_EQ(request.part_version, 5U);
  EXPECT_EQ(request.part_offset, 6U);
}

void check_answer(const Parsed& packet) {
  const auto& view = std::get<SyncAnswerView>(packet.body);
  EXPECT_EQ(view.body->request, 0x01020304U);
  EXPECT_EQ(view.body->flags, answer_last | answer_end);
  ASSERT_EQ(view.sections.size(), 1U);
  const SectionView section = *view.sections.begin();
  EXPECT_EQ(key_of(*section.head), (MemberKey{ann, ann_incarnation}));
  EXPECT_EQ(section.head->base_version, 3U);
  EXPECT_EQ(section.head->floor_version, 2U);
  EXPECT_TRUE(section.complete());
  is_the_binding_of_db(*section.changes.begin());
}

void check_request_for_everything(const Parsed& packet) {
  const auto& request = *std::get<const SyncRequest*>(packet.body);
  EXPECT_EQ(SyncScope{request.scope}, SyncScope::everything);
  EXPECT_EQ(request.owner, number(bob) + 1);
  EXPECT_EQ(request.incarnation, 0U);
  EXPECT_EQ(request.since_version, 0U);
  EXPECT_EQ(request.cursor_version, 0U);
}

void check_answer_of_two_sections(const Parsed& packet) {
  const auto& view = std::get<SyncAnswerView>(packet.body);
  ASSERT_EQ(view.sections.size(), 2U);
  auto at = view.sections.begin();
  const SectionView of_bob = *at;
  EXPECT_EQ(key_of(*of_bob.head), (MemberKey{bob, bob_incarnation}));
  EXPECT_EQ(of_bob.head->to_version, 2U);
  EXPECT_EQ(of_bob.head->digest, Tree().digest());
  EXPECT_TRUE(of_bob.complete() && of_bob.changes.empty());
  const SectionView of_ann = *++at;
  EXPECT_EQ(key_of(*of_ann.head), (MemberKey{ann, ann_incarnation}));
  EXPECT_GT(of_ann.head->owner, of_bob.head->owner);
  EXPECT_EQ(of_ann.head->base_version, 0U);
  EXPECT_TRUE(of_ann.complete());
  is_the_binding_of_db(*of_ann.changes.begin());
}

/// What all of the session's packets say.
const SessionView& session_of(const Parsed& packet, std::uint32_t sequence, std::size_t messages) {
  const auto& view = std::get<SessionView>(packet.body);
  EXPECT_EQ(view.body->receiver_incarnation, bob_incarnation);
  EXPECT_EQ(view.body->sequence, sequence);
  EXPECT_EQ(view.body->window_packets, 64U);
  EXPECT_EQ(view.messages.size(), messages);
  return view;
}

void check_session(const Parsed& packet) {
  const SessionView& view = session_of(packet, 9, 2);
  EXPECT_EQ(view.body->acknowledged, 2U);
  EXPECT_EQ(view.body->channel, 0U);
  auto at = view.messages.begin();
  EXPECT_TRUE(at->whole());
  EXPECT_EQ(text_of(at->payload), "hi");
  ++at;
  EXPECT_EQ(at->kind, MessageKind::response);
  EXPECT_EQ(at->call, 78U);
  EXPECT_EQ(at->status, CallStatus::no_such_service);
  EXPECT_TRUE(at->payload.empty());
}

void check_beginning_of_a_request(const Parsed& packet) {
  const SessionView& view = session_of(packet, 10, 1);
  EXPECT_EQ(view.body->channel, 3U);
  EXPECT_EQ(view.opens_bytes, 6U);
  const MessageView piece = *view.messages.begin();
  EXPECT_TRUE(piece.first && !piece.last);
  EXPECT_EQ(piece.kind, MessageKind::request);
  EXPECT_EQ(piece.message_bytes, 6U);
  EXPECT_EQ(piece.path, "/echo");
  EXPECT_EQ(piece.call, 77U);
  EXPECT_EQ(text_of(piece.payload), "abcd");
}

void check_end_of_a_request(const Parsed& packet) {
  const SessionView& view = session_of(packet, 11, 2);
  EXPECT_EQ(view.body->channel, 3U);
  EXPECT_EQ(view.opens_bytes, 0U);
  auto at = view.messages.begin();
  EXPECT_TRUE(!at->first && at->last);
  EXPECT_EQ(at->kind, MessageKind::request);
  EXPECT_EQ(text_of(at->payload), "ef");
  ++at;
  EXPECT_TRUE(at->whole());
  EXPECT_EQ(at->path, "/echo");
  EXPECT_EQ(at->call, 79U);
  EXPECT_EQ(text_of(at->payload), "q");
}

void check_session_with_selective_words(const Parsed& packet) {
  const SessionView& view = session_of(packet, 12, 1);
  EXPECT_EQ(view.body->acknowledged, 0xffffffffU);
  ASSERT_EQ(view.selective.size(), 2U);
  EXPECT_EQ(view.selective[0], 5U << 1);
  EXPECT_EQ(view.selective[1], 1U);
  EXPECT_EQ(text_of(view.messages.begin()->payload), "hi");
}

void check_probe_answer(const Parsed& packet) {
  const auto& answer = *std::get<const ProbeAck*>(packet.body);
  EXPECT_EQ(sender_of(*packet.header), (MemberKey{bob, bob_incarnation}));
  EXPECT_EQ(answer.nonce, 0xabcdU);
  EXPECT_EQ(answer.subject, number(bob));
  EXPECT_EQ(answer.subject_incarnation, bob_incarnation);
  EXPECT_EQ(endpoint_of(answer.origin), ann_endpoint);
}

void check_probe_request(const Parsed& packet) {
  const auto& request = *std::get<const ProbeRequest*>(packet.body);
  EXPECT_EQ(request.subject, number(bob));
  EXPECT_EQ(endpoint_of(request.subject_address), bob_endpoint);
}

void check_refuse(const Parsed& packet) {
  const auto& refuse = *std::get<const Refuse*>(packet.body);
  EXPECT_EQ(RefuseReason{refuse.reason}, RefuseReason::name_in_use);
  EXPECT_EQ(refuse.known_incarnation, ann_incarnation);
  EXPECT_EQ(endpoint_of(refuse.holder), ann_endpoint);
}

void check_introduction(const Parsed& packet) {
  const auto& view = std::get<IntroductionView>(packet.body);
  EXPECT_EQ(view.body->nonce, 0xbeefU);
  EXPECT_EQ(view.body->flags, introduction_last);
  ASSERT_EQ(view.body->count, 2U);
}

void check_publication(const Parsed& packet) {
  const auto& view = std::get<PublicationView>(packet.body);
  EXPECT_EQ(view.body->topic, 3U);
  EXPECT_EQ(view.body->sequence, 9U);
  EXPECT_EQ(view.body->report_delay_us, 49U);
  EXPECT_EQ(view.body->report_packets, 50U);
  EXPECT_EQ(view.opens_bytes, 6U);
  ASSERT_EQ(view.messages.size(), 2U);
  auto at = view.messages.begin();
  EXPECT_EQ(text_of(at->payload), "hi");
  ++at;
  EXPECT_TRUE(at->first && !at->last);
  EXPECT_EQ(text_of(at->payload), "abcd");
}

void check_position(const Parsed& packet, std::uint64_t turn, PositionKind kind, Sequence first) {
  const auto& position = *std::get<const Position*>(packet.body);
  EXPECT_EQ(position.receiver_incarnation, bob_incarnation);
  EXPECT_EQ(position.topic, 3U);
  EXPECT_EQ(position.subscription, 2U);
  EXPECT_EQ(position.turn, turn);
  EXPECT_EQ(PositionKind{position.kind}, kind);
  EXPECT_EQ(static_cast<Sequence>(std::uint64_t{position.first}), first);
}

void check_refusal(const Parsed& packet) {
  const auto& view = std::get<ReportView>(packet.body);
  EXPECT_EQ(view.body->turn, 9U);
  EXPECT_EQ(ReportKind{view.body->kind}, ReportKind::refuses);
  EXPECT_EQ(view.body->window_packets, 0U);
}

void check_report(const Parsed& packet) {
  const auto& view = std::get<ReportView>(packet.body);
  EXPECT_EQ(sender_of(*packet.header), (MemberKey{bob, bob_incarnation}));
  EXPECT_EQ(view.body->receiver_incarnation, ann_incarnation);
  EXPECT_EQ(view.body->topic, 3U);
  EXPECT_EQ(view.body->turn, 7U);
  EXPECT_EQ(view.body->acknowledged, 8U);
  EXPECT_EQ(view.body->window_packets, 64U);
  EXPECT_EQ(view.body->away, 61U);
  EXPECT_EQ(ReportKind{view.body->kind}, ReportKind::follows);
  ASSERT_EQ(view.selective.size(), 1U);
  EXPECT_EQ(view.selective[0], 2U);
}

constexpr Sequence wrapped = (Sequence{1} << 32) + 8;

const std::map<std::string, std::function<void(const Parsed&)>> checks = {
    {"unsupported version",
     [](const Parsed& packet) {
       EXPECT_EQ(std::get<const UnsupportedVersion*>(packet.body)->version, 9U);
       EXPECT_EQ(std::get<const UnsupportedVersion*>(packet.body)->oldest_version, 8U);
     }},
    {"heartbeat", check_heartbeat},
    {"join", [](const Parsed& packet) { EXPECT_EQ(std::get<JoinView>(packet.body).name, "ann"); }},
    {"refuse", check_refuse},
    {"leave",
     [](const Parsed& packet) { EXPECT_TRUE(std::holds_alternative<LeaveView>(packet.body)); }},
    {"removed",
     [](const Parsed& packet) {
       EXPECT_EQ(std::get<const Removed*>(packet.body)->incarnation, bob_incarnation);
     }},
    {"probe",
     [](const Parsed& packet) {
       EXPECT_EQ(std::get<const Probe*>(packet.body)->nonce, 0xabcdU);
       EXPECT_EQ(endpoint_of(std::get<const Probe*>(packet.body)->origin), ann_endpoint);
     }},
    {"probe over IPv6",
     [](const Parsed& packet) {
       EXPECT_EQ(to_string(endpoint_of(std::get<const Probe*>(packet.body)->origin)),
                 "[fd77::1]:7777");
     }},
    {"probe answer", check_probe_answer},
    {"probe request", check_probe_request},
    {"advertisement",
     [](const Parsed& packet) {
       is_the_binding_of_db(*std::get<AdvertisementView>(packet.body).changes.begin());
     }},
    {"advertisement of a batch", check_batch},
    {"advertisement of the end of a change", check_end_of_a_change},
    {"synchronization request", check_request},
    {"synchronization request for everything", check_request_for_everything},
    {"synchronization answer", check_answer},
    {"synchronization answer of two sections", check_answer_of_two_sections},
    {"session", check_session},
    {"session with the beginning of a request", check_beginning_of_a_request},
    {"session with the end of a request", check_end_of_a_request},
    {"session with selective words", check_session_with_selective_words},
    {"session that only acknowledges",
     [](const Parsed& packet) {
       const SessionView& view = session_of(packet, 0, 0);
       EXPECT_EQ(view.body->away, 61U);
       EXPECT_EQ(view.selective.size(), 1U);
     }},
    {"introduction request",
     [](const Parsed& packet) {
       EXPECT_EQ(packet.header->flags, flag_deaf);
       EXPECT_EQ(endpoint_of(std::get<const IntroductionRequest*>(packet.body)->after),
                 bob_endpoint);
     }},
    {"introduction", check_introduction},
    {"publication", check_publication},
    {"position",
     [](const Parsed& packet) {
       EXPECT_EQ(sequence_to_wire(wrapped), 9U);
       check_position(packet, 7, PositionKind::follows, wrapped);
     }},
    {"position of one that is dropped",
     [](const Parsed& packet) { check_position(packet, 8, PositionKind::dropped, wrapped + 92); }},
    {"position that asks",
     [](const Parsed& packet) { check_position(packet, 9, PositionKind::asks, wrapped + 192); }},
    {"report", check_report},
    {"report of one that refuses", check_refusal},
    {"path probe",
     [](const Parsed& packet) { EXPECT_EQ(std::get<const PathProbe*>(packet.body)->bytes, 70U); }},
    {"path answer",
     [](const Parsed& packet) {
       EXPECT_EQ(std::get<const PathAnswer*>(packet.body)->nonce, 0xbeefU);
     }},
};

// §2.1, §2.2, §10.1.
TEST(Vectors, AreParsedAndSayWhatStandsBesideThem) {
  const auto vectors = test::blocks("vector");
  std::set<std::uint8_t> types;
  for (const auto& [name, lines] : vectors) {
    SCOPED_TRACE(name);
    const std::vector<std::byte> bytes = test::bytes_of(lines);
    Parsed packet;
    ASSERT_FALSE(parse(bytes, cluster_id("lab"), packet).has_value());
    types.insert(packet.header->type);
    ASSERT_TRUE(checks.contains(name)) << "no test says what this vector means";
    checks.at(name)(packet);
  }
  EXPECT_EQ(vectors.size(), checks.size());
  EXPECT_EQ(types.size(), type_last + 1U) << "a type of packet has no vector";
}

/// Every byte counts: without its last one no vector is sound.
TEST(Vectors, AreNothingWithoutTheirLastByte) {
  for (const auto& [name, lines] : test::blocks("vector")) {
    std::vector<std::byte> bytes = test::bytes_of(lines);
    bytes.pop_back();
    Parsed packet;
    EXPECT_TRUE(parse(bytes, cluster_id("lab"), packet).has_value()) << name;
  }
}

std::uint64_t view_digest_of_ann_and_bob() {
  test::Segment segment;
  const auto lives = [](Incarnation incarnation) {
    return [=](MemberConfig& config) { config.incarnation = incarnation; };
  };
  auto& first = segment.start("ann", lives(ann_incarnation));
  segment.start("bob", lives(bob_incarnation));
  segment.run_for(second);
  return first.member->membership().view_digest();
}

std::uint64_t digest_of_db() {
  AttributeSet attributes;
  attributes.set("zone", "eu");
  Tree tree;
  tree.bind(5, "/db", {attributes.view(), test::bytes("one")});
  return tree.digest();
}

// §10.2.
TEST(Vectors, HashAsTheCodeDoes) {
  const std::map<std::string, std::uint64_t> expected = {
      {"member id of \"ann\"", number(ann)},
      {"member id of \"bob\"", number(bob)},
      {"cluster id of \"lab\"", cluster_id("lab")},
      {"view digest of ann (17) and bob (34)", view_digest_of_ann_and_bob()},
      {"digest of the empty tree", Tree().digest()},
      {"digest of the tree that binds /db to zone=eu, \"one\" at version 5", digest_of_db()},
  };
  std::map<std::string, std::uint64_t> documented;
  const std::vector<std::string> lines = test::blocks("hashes").at("");
  for (const std::string& line : lines) {
    constexpr std::size_t digits = 16;
    documented[line.substr(digits + 2)] = std::stoull(line.substr(0, digits), nullptr, 16);
  }
  EXPECT_EQ(documented, expected);
}

}  // namespace
}  // namespace muster::wire
