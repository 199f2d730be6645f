// Attributes the packets with which our members catch up.
#pragma once

#include <unordered_set>

#include "bench/scale/cluster.h"
#include "bench/scale/repair.h"

namespace muster::bench {

/// A requester is whoever receives the answer to a request of its own, or a repeated advertisement
/// of what it lacks. Anybody else who receives such a packet is a bystander.
class RepairTap final : public Tap {
 public:
  RepairTap(Cluster& cluster, std::size_t owner) : cluster_(cluster), owner_(owner) {
    cluster_.set_tap(this);
  }
  ~RepairTap() override { cluster_.set_tap(nullptr); }
  RepairTap(const RepairTap&) = delete;
  RepairTap& operator=(const RepairTap&) = delete;

  RepairCost& cost() { return cost_; }

  void sent(std::size_t server, const Packet& packet) override;
  void received(std::size_t server, std::span<const std::byte> payload) override;

 private:
  Cluster& cluster_;
  std::size_t owner_;
  bool lacks(std::size_t server, Version version) const;

  std::unordered_set<std::uint64_t> asked_;     // (server, request)
  Version said_ = 0;                            // the owner's last, for the first time
  std::unordered_set<std::uint64_t> repeated_;  // numbers of the owner's packets
  RepairCost cost_;
};

}  // namespace muster::bench
