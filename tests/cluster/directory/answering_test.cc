// Whom a member answers, with what, and how much of it.
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/directories.h"

namespace muster {
namespace {

using wire::SyncScope;
using wire::Type;

struct Answerers : test::Directories {
  void SetUp() override {
    Directories::SetUp();
    for (auto* host : {&ann, &bob, &cid}) bind(*host, "/" + host->config.name);
    segment.run_for(second);
  }
  /// Whatever `to` sends when `from` asks it.
  std::vector<test::MemoryPort::Transmitted> answers(test::Segment::Host& to, const MemberKey& from,
                                                     const wire::SyncRequest& request) {
    Outbox outbox(to.port, {to.config.cluster, from});
    Packet& packet = *outbox.open(Type::sync_request);
    append(packet, request);
    packet.peer = {0x0a4d0063, 7777};
    to.member->on_packet(segment.now(), packet);
    to.port.release(packet);
    return to.port.take_transmitted();
  }
  static wire::SyncRequest about(SyncScope scope, const MemberKey& owner, Version since,
                                 Version cursor) {
    return {.request = 7,
            .scope = static_cast<std::uint8_t>(scope),
            .pages = 4,
            .owner = static_cast<std::uint64_t>(owner.id),
            .incarnation = owner.incarnation,
            .since_version = since,
            .cursor_version = cursor,
            .part_version = 0,
            .part_offset = 0};
  }
};

/// docs/protocol.md §6.5: an answer is much longer than the question, and anybody can write any
/// address into a question.
TEST_F(Answerers, AnswerTheirMembersAloneAndWhereTheyAre) {
  const auto everything = about(SyncScope::everything, {}, 0, 0);
  EXPECT_TRUE(answers(ann, {member_id("eve"), 1}, everything).empty());
  const MemberKey earlier{bob.member->self().id, 0};
  EXPECT_TRUE(answers(ann, earlier, everything).empty()) << "an earlier life of a member";
  const auto sent = answers(ann, bob.member->self(), everything);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent.front().to, bob.config.self);
}

/// docs/protocol.md §6.7: so that a dump goes on at a source that lags behind the one that died.
TEST_F(Answerers, PassOverAnOwnerOfWhomTheReaderHasMore) {
  std::vector<MemberKey> owners;
  for (auto* host : {&ann, &bob, &cid}) owners.push_back(host->member->self());
  std::ranges::sort(owners, {}, &MemberKey::id);
  const auto sent =
      answers(ann, bob.member->self(), about(SyncScope::everything, owners[1], 0, 100));
  ASSERT_EQ(sent.size(), 1u);
  wire::Parsed parsed;
  ASSERT_FALSE(wire::parse(sent.front().bytes, ann.config.cluster, parsed));
  const auto& answer = std::get<wire::SyncAnswerView>(parsed.body);
  ASSERT_EQ(answer.body->sections, 1);
  EXPECT_EQ(wire::key_of(*(*answer.sections.begin()).head), owners[2]);
  EXPECT_NE(answer.body->flags & wire::answer_last, 0);
}

/// I5.
TEST_F(Answerers, CountARepairByMulticastAgainstTheBudget) {
  auto& dan = segment.start("dan", [](MemberConfig& config) {
    config.directory.repair_threshold = 1;
    config.directory.answer_packets_per_ms = 3;
  });
  segment.run_for(second);
  for (int i = 0; i < 10; ++i) bind(dan, "/s/" + std::to_string(i), std::string(1000, 'v'));
  segment.run_for(second);
  const MemberKey owner = dan.member->self();
  EXPECT_EQ(answers(dan, ann.member->self(), about(SyncScope::owner, owner, 1, 1)).size(), 3u);
  EXPECT_EQ(answers(dan, ann.member->self(), about(SyncScope::owner, owner, 2, 2)).size(), 0u)
      << "in the same millisecond";
}

/// docs/protocol.md §6.9: nobody has missed what follows a version that is not there yet.
TEST_F(Answerers, RepairWhateverVersionsAreMadeUpMeanwhile) {
  auto& dan =
      segment.start("dan", [](MemberConfig& config) { config.directory.repair_threshold = 2; });
  segment.run_for(second);
  for (int i = 0; i < 3; ++i) bind(dan, "/s/" + std::to_string(i));
  segment.run_for(second);
  const MemberKey owner = dan.member->self();
  for (const Version made_up : {Version{3}, Version{UINT64_MAX}})
    answers(dan, bob.member->self(), about(SyncScope::owner, owner, made_up, made_up));
  for (auto* host : {&ann, &cid})
    answers(dan, host->member->self(), about(SyncScope::owner, owner, 1, 1));
  EXPECT_EQ(dan.member->directory().stats().repairs, 1U);
}

/// docs/protocol.md §6.5: in ascending order, from where the reader stands, the own tree between.
TEST_F(Answerers, GoOnWithTheOwnersAfterTheReaders) {
  std::vector<MemberKey> owners;
  for (auto* host : {&ann, &bob, &cid}) owners.push_back(host->member->self());
  std::ranges::sort(owners, {}, &MemberKey::id);
  for (auto* host : {&ann, &bob, &cid}) {
    const MemberKey reader = host == &ann ? bob.member->self() : ann.member->self();
    for (std::size_t from = 0; from <= owners.size(); ++from) {
      const MemberKey begin =
          from < owners.size()
              ? owners[from]
              : MemberKey{MemberId{static_cast<std::uint64_t>(owners.back().id) + 1}, 0};
      const auto sent = answers(*host, reader, about(SyncScope::everything, begin, 0, 0));
      ASSERT_EQ(sent.size(), 1u);
      wire::Parsed parsed;
      ASSERT_FALSE(wire::parse(sent.front().bytes, ann.config.cluster, parsed));
      const auto& answer = std::get<wire::SyncAnswerView>(parsed.body);
      std::vector<MemberKey> told;
      for (const wire::SectionView& section : answer.sections)
        told.push_back(wire::key_of(*section.head));
      EXPECT_EQ(told, std::vector<MemberKey>(owners.begin() + static_cast<std::ptrdiff_t>(from),
                                             owners.end()))
          << host->config.name;
      EXPECT_NE(answer.body->flags & wire::answer_last, 0);
    }
  }
}

/// Page after page without progress would keep a joiner from ever being synchronized.
TEST_F(Answerers, LoseTheReaderOfADumpWhereTheyLeadItNoFurther) {
  std::uint32_t request = 0;
  test::Segment::Host* asked = nullptr;
  segment.filter = [&](const test::Segment::Transit& transit) {
    if (transit.type != Type::sync_request || transit.from.config.name != "dan") return true;
    wire::Parsed parsed;
    wire::parse(transit.bytes, ann.config.cluster, parsed);
    request = std::get<const wire::SyncRequest*>(parsed.body)->request;
    for (auto* host : {&ann, &bob, &cid})
      if (host == &transit.to) asked = host;
    return false;
  };
  auto& dan = segment.start("dan");
  for (unsigned source = 0; source < 3; ++source) {
    ASSERT_TRUE(segment.run_until([&] { return asked != nullptr; })) << source;
    Outbox outbox(dan.port, {dan.config.cluster, asked->member->self()});
    Packet& packet = *outbox.open(Type::sync_answer);
    append(packet, wire::SyncAnswer{
                       .request = request, .page = 0, .flags = wire::answer_end, .sections = 1});
    append(packet, wire::Section{.owner = 0,
                                 .incarnation = 0,
                                 .base_version = 0,
                                 .cursor_version = 0,
                                 .to_version = 1,
                                 .floor_version = 0,
                                 .digest = 0,
                                 .flags = 0,
                                 .changes = 0});
    asked = nullptr;
    dan.member->on_packet(segment.now(), packet);
    dan.port.release(packet);
    EXPECT_EQ(dan.member->directory().stats().sources_abandoned, source + 1u);
  }
  segment.filter = {};
  segment.run_for(second);
  EXPECT_TRUE(dan.events.has("synchronized"));
}

}  // namespace
}  // namespace muster
