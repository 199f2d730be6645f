// Each test plants one deliberate fault around the members of otherwise sound worlds, and demands
// that the invariant it breaks is the one that fails: the simulation can fail.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/sim/mutated_worlds.h"

namespace muster::sim {
namespace {

struct NeverAnswers final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (type_of(packet) == wire::Type::sync_answer)
      release(packet);
    else
      inner().transmit(packet);
  }
};
TEST(Mutation, OfAnOwnerThatNeverAnswersBreaksConvergence) {
  EXPECT_EQ(caught<MutatedPorts<NeverAnswers>>(), "I1");
}

template <wire::Type type>
struct SpoilsAByte final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    const bool spoilt = type_of(packet) == type && packet.size > 200;
    if (spoilt) packet.data[packet.size - 1] ^= std::byte{1};
    inner().transmit(packet);
  }
};
TEST(Mutation, OfAByteOfAnAdvertisementMakesAWrongCopy) {
  EXPECT_EQ(caught<MutatedPorts<SpoilsAByte<wire::Type::advertisement>>>(), "I2");
}
TEST(Mutation, OfAByteOfAnAnswerMakesAWrongCopy) {
  EXPECT_EQ(caught<MutatedPorts<SpoilsAByte<wire::Type::sync_answer>>>(), "I2");
}

struct CutsBatches final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (type_of(packet) == wire::Type::advertisement) cut(packet.data + sizeof(wire::Header));
    inner().transmit(packet);
  }
  static void cut(std::byte* at) {
    const std::uint16_t changes = reinterpret_cast<const wire::Advertisement*>(at)->changes;
    at += sizeof(wire::Advertisement);
    for (int i = 0; i < changes; ++i) {
      auto& change = *reinterpret_cast<wire::Change*>(at);
      change.flags &= static_cast<std::uint8_t>(~wire::change_more);
      at += sizeof change + change.path_length + change.length;
    }
  }
};
TEST(Mutation, OfABatchThatIsCutMakesACopyThatNeverWas) {
  EXPECT_EQ(caught<MutatedPorts<CutsBatches>>(), "I2");
}

struct SwallowsBatches final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  void on_batch_begin(const MemberKey&) override {}
  void on_batch_end(const MemberKey&) override {}
};
TEST(Mutation, OfABatchThatIsNotToldShowsAPartOfIt) {
  EXPECT_EQ(caught<MutatedEvents<SwallowsBatches>>(), "I2");
}

/// Everybody takes every copy of the first server's tree for wrong, however often it is fetched.
struct SpoilsDigests final : Mutation {
  void arriving(std::size_t, std::span<std::byte> bytes) override {
    if (bytes.size() < sizeof(wire::Header) + sizeof(wire::Heartbeat)) return;
    const auto& header = *reinterpret_cast<const wire::Header*>(bytes.data());
    if (wire::Type{header.type} != wire::Type::heartbeat ||
        MemberId{std::uint64_t{header.sender}} != Roster(1).id(0))
      return;
    auto& beat = *reinterpret_cast<wire::Heartbeat*>(bytes.data() + sizeof(wire::Header));
    beat.directory_digest = ~std::uint64_t{beat.directory_digest};
  }
};
TEST(Mutation, OfADigestThatIsNeverRightMakesMembersAskForWhatTheyHave) {
  EXPECT_EQ(caught<SpoilsDigests>(), "I4");
}

struct TellsAnOldBindingAgain final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  struct Old {
    std::vector<std::byte> value;
    Version version;
  };
  void on_bound(const Binding& binding) override {
    inner().on_bound(binding);
    const std::string name = std::to_string(static_cast<std::uint64_t>(binding.owner.id)) +
                             std::to_string(binding.owner.incarnation) + std::string(binding.path);
    const auto [old, first] =
        told.try_emplace(name, Old{{binding.value.begin(), binding.value.end()}, binding.version});
    if (!first)
      inner().on_bound({binding.owner, binding.path, old->second.value, old->second.version});
  }
  std::map<std::string, Old> told;
};
TEST(Mutation, OfAnOldBindingToldAgainMakesAVersionFall) {
  EXPECT_EQ(caught<MutatedEvents<TellsAnOldBindingAgain>>(), "I3");
}

struct AnswersAll final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (type_of(packet) == wire::Type::sync_answer) packet.peer = Roster(1).group();
    inner().transmit(packet);
  }
};
TEST(Mutation, OfAnAnswerToAllBurdensThirdMembers) {
  EXPECT_EQ(caught<MutatedPorts<AnswersAll>>(), "I4");
}

TEST(Mutation, OfAnOwnerThatRepairsTheLossOfOneByMulticastBurdensThirdMembers) {
  constexpr auto hasty = [](MemberConfig& config) { config.directory.repair_threshold = 1; };
  EXPECT_EQ(caught<Misconfigured<hasty>>(), "I4");
}

template <wire::Type type>
struct SaysTwice final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (type_of(packet) == type) {
      retain(packet);
      inner().transmit(packet);
    }
    inner().transmit(packet);
  }
};
TEST(Mutation, OfARequestSentTwiceAsksForMoreThanIsOutstanding) {
  EXPECT_EQ(caught<MutatedPorts<SaysTwice<wire::Type::sync_request>>>(), "I5");
}
TEST(Mutation, OfAnAnswerSentTwiceCostsMoreThanWasAskedFor) {
  EXPECT_EQ(caught<MutatedPorts<SaysTwice<wire::Type::sync_answer>>>(), "I5");
}
TEST(Mutation, OfAMemberThatDoesNotWaitForAnAnswerAsksTooOften) {
  constexpr auto impatient = [](MemberConfig& config) { config.directory.request_timeout_ns /= 4; };
  EXPECT_EQ(caught<Misconfigured<impatient>>(), "I5");
}
TEST(Mutation, OfAnOwnerWithoutABudgetSpendsTooMuchOnAnswers) {
  constexpr auto lavish = [](MemberConfig& config) {
    config.directory.answer_packets_per_ms = 1 << 20;
  };
  EXPECT_EQ(caught<Misconfigured<lavish>>(), "I5");
}

struct SynchronizedTooEarly final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  void on_joined(const MemberInfo& member) override {
    inner().on_joined(member);
    inner().on_synchronized();
  }
};
TEST(Mutation, OfAJoinerThatIsSynchronizedTooEarlyIsNoticed) {
  EXPECT_EQ(caught<MutatedEvents<SynchronizedTooEarly>>(), "I6");
}

struct SwallowsRemovals final : EventsDecorator {
  using EventsDecorator::EventsDecorator;
  void on_removed(const MemberInfo&, RemovalReason) override {}
};
TEST(Mutation, OfARemovalThatIsNotToldIsNoticed) {
  EXPECT_EQ(caught<MutatedEvents<SwallowsRemovals>>(), "I7");
}

struct NeverSaysRemoved final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (type_of(packet) == wire::Type::removed)
      release(packet);
    else
      inner().transmit(packet);
  }
};
TEST(Mutation, OfMembersThatDoNotTellTheRemovedKeepsThemOut) {
  EXPECT_EQ(caught<MutatedPorts<NeverSaysRemoved>>(), "I8");
}

/// One member does not hear the others any more, and does not doubt itself.
struct TurnsDeaf final : Mutation {
  void arriving(std::size_t server, std::span<std::byte> bytes) override {
    constexpr int packets_before = 300;
    if (server == 1 && ++heard > packets_before && !bytes.empty()) bytes[0] ^= std::byte{1};
  }
  int heard = 0;
};
TEST(Mutation, OfAMemberThatTurnsDeafRemovesThoseWhoLive) {
  EXPECT_TRUE(catches<TurnsDeaf>("I9", "which lives", not_harsh));
}
TEST(Mutation, OfMembersThatWaitLessThanPromisedRemovesThoseWhoLive) {
  constexpr auto hasty = [](MemberConfig& config) {
    config.membership.dead_after_ns -= config.membership.heartbeat_interval_ns / 2;
  };
  EXPECT_TRUE(catches<Misconfigured<hasty>>("I9", "which lives", rough));
}
TEST(Mutation, OfMembersThatAskNobodyElseRemovesWhomOneDoesNotHear) {
  constexpr auto alone = [](MemberConfig& config) { config.membership.helpers = 0; };
  EXPECT_TRUE(catches<Misconfigured<alone>>("I9", "which lives", rough_without_loss));
}
TEST(Mutation, OfMembersThatWaitTooLongForTheDeadIsNoticed) {
  constexpr auto patient = [](MemberConfig& config) { config.membership.dead_after_ns *= 3; };
  EXPECT_TRUE(catches<Misconfigured<patient>>("I9", "still holds", not_harsh));
}
TEST(Mutation, OfMembersThatSuspectTooSoonMakesThemDoubtThemselves) {
  constexpr auto hasty = [](MemberConfig& config) {
    config.membership.suspect_after_ns = config.membership.heartbeat_interval_ns * 9 / 10;
  };
  EXPECT_TRUE(catches<Misconfigured<hasty>>("I9", "doubts itself", not_harsh));
}

struct SkipsHeartbeats final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    constexpr int every = 5;
    const bool beat = type_of(packet) == wire::Type::heartbeat;
    // All copies of one heartbeat have its number.
    const std::uint64_t number = reinterpret_cast<const wire::Header*>(packet.data)->packet_number;
    if (beat && std::exchange(last, number) != number) ++beats;
    if (beat && beats % every == 0)
      release(packet);
    else
      inner().transmit(packet);
  }
  std::uint64_t last = 0;
  int beats = 0;
};
TEST(Mutation, OfAMemberThatSkipsAHeartbeatIsNoticed) {
  EXPECT_TRUE(catches<MutatedPorts<SkipsHeartbeats>>("I12", "has not heartbeat", not_harsh));
  EXPECT_TRUE(catches<MutatedPorts<SkipsHeartbeats>>("I12", "has not heartbeat", harsh));
}

struct LeaksAPacket final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (++sent == 50) retain(packet);
    inner().transmit(packet);
  }
  int sent = 0;
};
TEST(Mutation, OfAPacketThatIsNeverReleasedIsNoticed) {
  EXPECT_EQ(caught<MutatedPorts<LeaksAPacket>>(), "I13");
}

struct NeverAnswersOfPaths final : PortDecorator {
  using PortDecorator::PortDecorator;
  void transmit(Packet& packet) override {
    if (type_of(packet) == wire::Type::path_answer) return release(packet);
    inner().transmit(packet);
  }
};
TEST(Mutation, OfAMemberThatDoesNotAnswerOfItsPathIsNoticed) {
  const auto with_a_narrow_path = [](const Scenario& scenario) {
    return scenario.narrow_from != SIZE_MAX;
  };
  EXPECT_TRUE(
      catches<MutatedPorts<NeverAnswersOfPaths>>("paths", "was not told", with_a_narrow_path));
}

/// The members behave as if they did not look at the cluster's id.
struct TakesForeignPackets final : Mutation {
  void arriving(std::size_t, std::span<std::byte> bytes) override {
    if (bytes.size() < sizeof(wire::Header)) return;
    reinterpret_cast<wire::Header*>(bytes.data())->cluster = Roster(1).cluster();
  }
};
/// What a foreign packet is answered with may be noticed first.
TEST(Mutation, OfAMemberThatTakesForeignPacketsIsNoticed) {
  const auto is_i14 = [](const Violation& violation) { return violation.invariant == "I14"; };
  EXPECT_TRUE(first_violation<TakesForeignPackets>(anywhere, is_i14));
}

}  // namespace
}  // namespace muster::sim
