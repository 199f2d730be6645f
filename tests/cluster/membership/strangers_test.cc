// What somebody who is no member can provoke: docs/protocol.md §4. He may say what he likes, and
// nobody speaks to third addresses because of it more than a little.
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cluster/support/deaf.h"

namespace muster {
namespace {

using test::Segment;

struct Strangers : test::Deaf {};

/// What a member says because of one packet that somebody sent it.
class Provoked {
 public:
  static constexpr Endpoint nowhere{0x0a4d00ff, 7777};

  Provoked(Segment& segment, Segment::Host& host) : segment_(segment), host_(host) {}

  MemberId sender{99};
  Incarnation incarnation = 1;
  Endpoint from = nowhere;

  template <class Body>
  std::vector<test::MemoryPort::Transmitted> by(wire::Type type, const Body& body,
                                                std::span<const std::byte> rest = {}) {
    std::vector<std::byte> bytes(sizeof(wire::Header) + sizeof body);
    *reinterpret_cast<wire::Header*>(bytes.data()) = {.magic = wire::magic,
                                                      .version = wire::version,
                                                      .oldest_version = wire::oldest_version,
                                                      .type = static_cast<std::uint8_t>(type),
                                                      .flags = wire::flag_deaf,
                                                      .cluster = host_.config.cluster,
                                                      .sender = static_cast<std::uint64_t>(sender),
                                                      .incarnation = incarnation,
                                                      .packet_number = ++number_,
                                                      .tag = {}};
    std::memcpy(bytes.data() + sizeof(wire::Header), &body, sizeof body);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    Packet& packet = host_.port.received(from, bytes);
    host_.member->on_packet(segment_.now(), packet);
    host_.port.release(packet);
    return host_.port.take_transmitted();
  }

 private:
  Segment& segment_;
  Segment::Host& host_;
  std::uint64_t number_ = 0;
};

wire::Heartbeat heartbeat_of(std::string_view name) {
  return {.directory_version = 0,
          .directory_digest = 0,
          .view_digest = 0,
          .members_alive = 1,
          .synchronized = 1,
          .name_length = static_cast<std::uint8_t>(name.size())};
}

wire::Introduction introduction(std::uint64_t nonce, std::size_t count) {
  wire::Introduction body{};
  body.nonce = nonce;
  body.flags = wire::introduction_last;
  body.count = static_cast<std::uint16_t>(count);
  return body;
}

std::vector<wire::Address> strangers(std::uint32_t count) {
  std::vector<wire::Address> addresses;
  addresses.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i)
    addresses.push_back(wire::address_of({0x0a000001 + i, 1}));
  return addresses;
}

wire::Refuse refusal(const Endpoint& holder) {
  return {.reason = static_cast<std::uint8_t>(wire::RefuseReason::name_in_use),
          .known_incarnation = 5,
          .holder = wire::address_of(holder)};
}

TEST_F(Strangers, AnIntroductionThatNobodyAskedForIsNotBelieved) {
  auto& ann = start_deaf("ann");
  segment.run_for(second);
  const auto three = strangers(3);
  EXPECT_TRUE(Provoked(segment, ann)
                  .by(wire::Type::introduction, introduction(7, 3), std::as_bytes(std::span(three)))
                  .empty());
}

// docs/protocol.md §4.6.
TEST_F(Strangers, WhoeverAsksForIntroductionsGetsFewOfThemHoweverFastTheHeartbeats) {
  for (const MembershipConfig& timers : {lan_timers(), fast_timers()}) {
    auto& ann = segment.start("ann" + std::to_string(timers.heartbeat_interval_ns),
                              [&timers](MemberConfig& config) {
                                config.multicast = false;
                                config.membership = timers;
                              });
    segment.run_for(10 * second);
    Provoked provoked(segment, ann);
    const auto in_a_row = [&](int asked) {
      std::size_t given = 0;
      for (int i = 0; i < asked; ++i)
        given += provoked.by(wire::Type::introduction_request, wire::IntroductionRequest{}).size();
      return given;
    };
    EXPECT_EQ(in_a_row(100), 64U);
    segment.run_for(10 * ms);
    EXPECT_LE(in_a_row(100), 13U) << "what 10 of 50 ms give";
  }
}

TEST_F(Strangers, AListMakesAMemberSpeakToNoMoreThanItsLimit) {
  std::uint64_t nonce = 0;
  auto& seed = start_deaf("seed");
  auto& ann = segment.start("ann", [&](MemberConfig& config) {
    config.multicast = false;
    config.seeds = {seed.config.self};
    config.membership.members_max = 10;
  });
  ann.member->on_deadline(segment.now());
  for (const auto& packet : ann.port.take_transmitted())
    if (std::to_integer<int>(packet.bytes[6]) == static_cast<int>(wire::Type::introduction_request))
      nonce = reinterpret_cast<const wire::IntroductionRequest*>(packet.bytes.data() +
                                                                 sizeof(wire::Header))
                  ->nonce;
  ASSERT_NE(nonce, 0u);
  Provoked provoked(segment, ann);
  const auto addresses = strangers(70);
  const auto list = std::as_bytes(std::span(addresses));
  EXPECT_EQ(provoked.by(wire::Type::introduction, introduction(nonce, 70), list).size(), 10u);
  EXPECT_EQ(provoked.by(wire::Type::introduction, introduction(nonce, 70), list).size(), 0u);
}

TEST_F(Strangers, AListIsNotSentToImpossiblePlaces) {
  auto& ann = start_deaf("ann");
  segment.run_for(second);
  for (const Endpoint at : {Endpoint{0xef4d0001, 7777}, Endpoint{0xffffffff, 7777},
                            Endpoint{0, 7777}, Endpoint{0x0a000001, 0}, Endpoint{{}, 7777},
                            Endpoint{{0xfd77'0000'0000'0000, 1}, 7777}, ann.config.self}) {
    EXPECT_TRUE(Provoked(segment, ann).by(wire::Type::refuse, refusal(at)).empty())
        << to_string(at);
  }
}

TEST_F(Strangers, AFloodOfQuestionsGetsABoundedNumberOfAnswers) {
  auto& ann = start_deaf("ann");
  start_deaf("bob", ann);
  segment.run_for(second);
  std::size_t answers = 0;
  Provoked provoked(segment, ann);
  for (int i = 0; i < 1000; ++i)
    answers += provoked.by(wire::Type::introduction_request, wire::IntroductionRequest{}).size();
  EXPECT_EQ(answers, 64u);
}
TEST_F(Strangers, RefusalsMakeAMemberSpeakToNoMoreThanItsLimit) {
  auto& ann = segment.start("ann", [](MemberConfig& config) {
    config.multicast = false;
    config.membership.members_max = 10;
  });
  segment.run_for(second);
  std::size_t said = 0;
  Provoked provoked(segment, ann);
  for (std::uint32_t i = 0; i < 100; ++i)
    said += provoked.by(wire::Type::refuse, refusal({0x0a000001 + i, 7777})).size();
  EXPECT_EQ(said, 10U);
}

TEST_F(Strangers, RefuseNobodyForGood) {
  auto& ann = start_deaf("ann");
  segment.run_for(10 * ms);
  ASSERT_EQ(ann.member->standing(), Standing::joining);
  Provoked(segment, ann).by(wire::Type::refuse, refusal(Provoked::nowhere));
  segment.run_for(second);
  EXPECT_EQ(ann.member->standing(), Standing::member);
}

/// A refusal of somebody who began here before, and came late.
TEST_F(Strangers, RefuseNobodyInThePlaceOfAnother) {
  auto& ann = start_deaf("ann");
  segment.run_for(10 * ms);
  const auto full = [&](Incarnation joiner) {
    Provoked(segment, ann)
        .by(wire::Type::refuse,
            wire::Refuse{.reason = static_cast<std::uint8_t>(wire::RefuseReason::cluster_full),
                         .known_incarnation = joiner,
                         .holder = {}});
    return ann.member->standing();
  };
  EXPECT_EQ(full(ann.member->self().incarnation - 1), Standing::joining);
  EXPECT_EQ(full(ann.member->self().incarnation), Standing::refused);
}

TEST_F(Strangers, MakeAMemberBeginAnewOnceInAHeartbeatInterval) {
  auto& ann = start_deaf("ann");
  segment.run_for(second);
  Provoked provoked(segment, ann);
  const auto remove = [&] {
    provoked.by(wire::Type::removed, wire::Removed{.incarnation = ann.member->self().incarnation});
  };
  for (int i = 0; i < 100; ++i) remove();
  EXPECT_EQ(ann.member->membership().stats().reincarnations, 1U);
  segment.run_for(ann.config.membership.heartbeat_interval_ns);
  remove();
  EXPECT_EQ(ann.member->membership().stats().reincarnations, 2U);
}

/// A packet of its own former life, whose clock was ahead, comes late.
TEST_F(Strangers, DoNotSpeakForTheSuccessorOfAMember) {
  auto& ann = start_deaf("ann");
  const auto hear_itself = [&](Incarnation incarnation) {
    const std::string name = "ann";
    Provoked provoked(segment, ann);
    provoked.sender = member_id(name);
    provoked.from = ann.config.self;
    provoked.incarnation = incarnation;
    provoked.by(wire::Type::heartbeat, heartbeat_of(name), std::as_bytes(std::span(name)));
  };
  hear_itself(1'000);
  EXPECT_EQ(ann.member->standing(), Standing::joining);
  EXPECT_GT(ann.member->self().incarnation, 1'000U);
  segment.run_for(10 * second);
  EXPECT_EQ(ann.member->standing(), Standing::member);
  hear_itself(ann.member->self().incarnation + 1);
  EXPECT_EQ(ann.member->standing(), Standing::replaced);
}

// docs/protocol.md §3.1.
TEST_F(Strangers, AreNoMembersUnderANameThatIsNotTheirs) {
  auto& ann = start_deaf("ann");
  segment.run_for(second);
  const std::string name = "bob";
  const wire::Heartbeat beat = heartbeat_of(name);
  Provoked provoked(segment, ann);
  provoked.by(wire::Type::heartbeat, beat, std::as_bytes(std::span(name)));
  EXPECT_TRUE(ann.member->membership().peers().empty());
  EXPECT_EQ(ann.member->membership().stats().false_names, 1U);
  provoked.sender = member_id(name);
  provoked.by(wire::Type::heartbeat, beat, std::as_bytes(std::span(name)));
  EXPECT_EQ(ann.member->membership().peers().size(), 1U);
}

}  // namespace
}  // namespace muster
