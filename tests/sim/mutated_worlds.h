// Deliberate faults, and what they break.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "cluster/wire/layout.h"
#include "tests/sim/decorators.h"
#include "tests/sim/run.h"
#include "tests/sim/scenario.h"

namespace muster::sim {

inline wire::Type type_of(const Packet& packet) {
  return wire::Type{reinterpret_cast<const wire::Header*>(packet.data)->type};
}

/// Every member gets a port of this kind.
template <class Port>
struct MutatedPorts final : Mutation {
  std::unique_ptr<PacketPort> around(std::size_t, PacketPort& port) override {
    return std::make_unique<Port>(port);
  }
};
/// Every member's application hears through this.
template <class Hearing>
struct MutatedEvents final : Mutation {
  std::unique_ptr<Events> around(std::size_t, Events& application) override {
    return std::make_unique<Hearing>(application);
  }
};

inline bool anywhere(const Scenario&) { return true; }
inline bool rough(const Scenario& scenario) { return scenario.weather == Weather::rough; }
inline bool rough_without_loss(const Scenario& scenario) { return scenario.vouched_cut_max_ns > 0; }
inline bool harsh(const Scenario& scenario) { return scenario.weather == Weather::harsh; }
inline bool not_harsh(const Scenario& scenario) { return scenario.weather != Weather::harsh; }

using Matches = std::function<bool(const Violation&)>;

/// What fails first in the first of such worlds that notices; of what matters alone.
template <class M>
std::optional<Violation> first_violation(
    bool (*world)(const Scenario&),
    const Matches& matters = [](const Violation&) { return true; }) {
  constexpr int worlds = 150;
  int played = 0;
  for (std::uint64_t seed = 1; played < worlds; ++seed) {
    if (!world(scenario_of(seed))) continue;
    ++played;
    M mutation;
    const Outcome outcome = run(seed, nullptr, &mutation);
    if (outcome.violation && matters(*outcome.violation)) return outcome.violation;
  }
  return std::nullopt;
}

/// The invariant that fails, or "none".
template <class M>
std::string caught() {
  const auto violation = first_violation<M>(anywhere);
  return violation ? violation->invariant : "none";
}

/// Where one name covers several checks: the invariant fails, and in these words.
template <class M>
testing::AssertionResult catches(std::string_view invariant, std::string_view words,
                                 bool (*world)(const Scenario&) = anywhere) {
  const auto violation = first_violation<M>(world);
  if (!violation) return testing::AssertionFailure() << "nobody notices";
  if (violation->invariant == invariant && violation->sentence.find(words) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << violation->invariant << ": " << violation->sentence;
}

/// Every member is configured otherwise than the world believes.
template <auto change>
struct Misconfigured final : Mutation {
  void configure(MemberConfig& config) override { change(config); }
};

}  // namespace muster::sim
