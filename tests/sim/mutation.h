// A deliberate fault around one or all members, which the invariants must catch: the proof that
// the simulation can fail.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "cluster/config.h"
#include "cluster/events.h"
#include "cluster/packet.h"

namespace muster::sim {

class Mutation {
 public:
  virtual ~Mutation() = default;

  /// Every member starts so configured; the world, and what is demanded, stays as the seed chose.
  virtual void configure([[maybe_unused]] MemberConfig& config) {}
  /// What shall stand between a member and its port; nullptr: nothing.
  virtual std::unique_ptr<PacketPort> around([[maybe_unused]] std::size_t server,
                                             [[maybe_unused]] PacketPort& port) {
    return nullptr;
  }
  /// What shall stand between a member and its application; nullptr: nothing.
  virtual std::unique_ptr<Events> around([[maybe_unused]] std::size_t server,
                                         [[maybe_unused]] Events& application) {
    return nullptr;
  }
  /// A packet is about to be given to a member.
  virtual void arriving([[maybe_unused]] std::size_t server,
                        [[maybe_unused]] std::span<std::byte> bytes) {}
};

}  // namespace muster::sim
