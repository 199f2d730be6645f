// I15: members of neighbouring versions hold all of it together (docs/protocol.md §2.4). There is
// one version so far: the next one is played by members whose headers say so.
#include <gtest/gtest.h>

#include "cluster/wire/layout.h"
#include "tests/sim/decorators.h"
#include "tests/sim/run.h"

namespace muster::sim {
namespace {

/// Signs as the next version, which understands back to `oldest`.
class NextVersion final : public PortDecorator {
 public:
  NextVersion(PacketPort& port, std::uint8_t oldest) : PortDecorator(port), oldest_(oldest) {}
  void transmit(Packet& packet) override {
    auto& header = *reinterpret_cast<wire::Header*>(packet.data);
    header.version = wire::version + 1;
    header.oldest_version = oldest_;
    inner().transmit(packet);
  }

 private:
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

TEST(Versions, ThatUnderstandEachOtherHoldEveryInvariantTogether) {
  HalfUpgraded cluster(wire::version);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Outcome outcome = run(seed, nullptr, &cluster);
    EXPECT_FALSE(outcome.violation) << "seed " << seed << ": " << outcome.violation->invariant
                                    << ": " << outcome.violation->sentence;
  }
}

TEST(Versions, ThatDoNotUnderstandEachOtherDoNotMeet) {
  HalfUpgraded cluster(wire::version + 1);
  std::string broken;
  for (std::uint64_t seed = 1; seed <= 20 && broken.empty(); ++seed)
    if (const Outcome outcome = run(seed, nullptr, &cluster); outcome.violation)
      broken = outcome.violation->invariant;
  EXPECT_EQ(broken, "I14") << "packets of members are refused";
}

}  // namespace
}  // namespace muster::sim
