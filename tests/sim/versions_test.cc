// I15: members of neighbouring versions hold all of it together (docs/protocol.md §2.4). There is
// one version so far: the next one is played by members that say what this one does not know.
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include "cluster/wire/parse.h"
#include "sim/roster.h"
#include "tests/sim/decorators.h"
#include "tests/sim/run.h"

namespace muster::sim {
namespace {

/// Speaks as the next version, which understands back to `oldest`, and says all that a receiver
/// of version 1 must ignore: flags without a meaning (docs/protocol.md §2.1, §6.5) and, beside each
/// heartbeat, a packet of a type that came later (§2.3).
class NextVersion final : public PortDecorator {
 public:
  NextVersion(PacketPort& port, std::uint8_t oldest) : PortDecorator(port), oldest_(oldest) {}

  void transmit(Packet& packet) override {
    auto& header = *reinterpret_cast<wire::Header*>(packet.data);
    header.version = wire::version + 1;
    header.oldest_version = oldest_;
    header.flags |= new_flags(wire::flag_deaf | wire::flag_introduces);
    std::byte* body = packet.data + sizeof header;
    if (wire::Type{header.type} == wire::Type::sync_answer) flag_answer(body);
    if (wire::Type{header.type} == wire::Type::introduction)
      reinterpret_cast<wire::Introduction*>(body)->flags |= new_flags(wire::introduction_last);
    if (wire::Type{header.type} == wire::Type::heartbeat) say_something_new(packet);
    inner().transmit(packet);
  }

 private:
  /// All but those that version 1 knows.
  static constexpr std::uint8_t new_flags(int known) { return static_cast<std::uint8_t>(~known); }

  static void flag_answer(std::byte* at) {
    auto& answer = *reinterpret_cast<wire::SyncAnswer*>(at);
    answer.flags |= new_flags(wire::answer_last | wire::answer_end);
    const std::byte* next = at + sizeof answer;
    for (int i = 0; i < answer.sections; ++i) {
      reinterpret_cast<wire::Section*>(at + (next - at))->flags |=
          new_flags(wire::section_complete);
      wire::decode_section(next);
    }
  }

  void say_something_new(const Packet& beside) {
    Packet* packet = allocate();
    if (packet == nullptr) return;
    std::memcpy(packet->data, beside.data, beside.size);
    packet->size = beside.size;
    packet->peer = beside.peer;
    reinterpret_cast<wire::Header*>(packet->data)->type = wire::type_last + 1;
    inner().transmit(*packet);
  }

  std::uint8_t oldest_;
};

/// Every second server has been upgraded.
struct HalfUpgraded final : Mutation {
  explicit HalfUpgraded(std::uint8_t oldest_version) : oldest(oldest_version) {}
  std::unique_ptr<PacketPort> around(std::size_t server, PacketPort& port) override {
    if (server % 2 == 0) return nullptr;
    return std::make_unique<NextVersion>(port, oldest);
  }
  std::uint8_t oldest;
};

/// The invariant that fails in the first world in which one does, or "none".
std::string broken_in(Mutation& cluster) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    if (const Outcome outcome = run(seed, nullptr, &cluster); outcome.violation)
      return outcome.violation->invariant;
  return "none";
}

TEST(Versions, ThatUnderstandEachOtherHoldEveryInvariantTogether) {
  HalfUpgraded cluster(wire::version);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Outcome outcome = run(seed, nullptr, &cluster);
    EXPECT_FALSE(outcome.violation) << "seed " << seed << ": " << outcome.violation->invariant
                                    << ": " << outcome.violation->sentence;
  }
}

/// The others take what they do not know for malformed.
struct KnowsEverythingBetter final : Mutation {
  std::unique_ptr<PacketPort> around(std::size_t server, PacketPort& port) override {
    return upgraded.around(server, port);
  }
  void arriving(std::size_t server, std::span<std::byte> bytes) override {
    wire::Parsed parsed;
    if (server % 2 != 0 || wire::parse(bytes, Roster(1).cluster(), parsed)) return;
    const auto* answer = std::get_if<wire::SyncAnswerView>(&parsed.body);
    if (answer != nullptr && answer->body->flags > (wire::answer_last | wire::answer_end))
      bytes[0] ^= std::byte{1};
  }
  HalfUpgraded upgraded{wire::version};
};

TEST(Versions, ThatDoNotIgnoreWhatTheyDoNotKnowDoNotConverge) {
  KnowsEverythingBetter cluster;
  EXPECT_EQ(broken_in(cluster), "I1") << "answers of the upgraded are refused";
}

TEST(Versions, ThatDoNotUnderstandEachOtherDoNotMeet) {
  HalfUpgraded cluster(wire::version + 1);
  EXPECT_EQ(broken_in(cluster), "I14") << "packets of members are refused";
}

}  // namespace
}  // namespace muster::sim
