// Those who may be asked about others: the peers that are not suspected.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "cluster/membership/peer.h"
#include "cluster/random.h"

namespace muster {

class Trusted {
 public:
  void add(Peer& peer) {
    peers_.push_back(&peer);
    peer.place = peers_.size() - 1;
  }
  void remove(const Peer& peer) {
    swap(peer.place, peers_.size() - 1);
    peers_.pop_back();
  }
  bool empty() const { return peers_.empty(); }
  std::span<Peer* const> all() const { return peers_; }
  /// As many as `count` of them, or all, at random.
  std::span<Peer* const> pick(std::size_t count, Random& random) {
    count = std::min(count, peers_.size());
    for (std::size_t i = 0; i < count; ++i) swap(i, i + random.below(peers_.size() - i));
    return all().first(count);
  }

 private:
  void swap(std::size_t a, std::size_t b) {
    std::swap(peers_[a], peers_[b]);
    peers_[a]->place = a;
    peers_[b]->place = b;
  }

  std::vector<Peer*> peers_;
};

}  // namespace muster
