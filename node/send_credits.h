// The engine thread's end of what the application gives it to send to peers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cluster/member.h"
#include "node/credit.h"
#include "node/outgoing.h"

namespace muster {

/// Gives packets to the sessions, and tells the application what they have sent and what was
/// acknowledged. Credit is no more than what a channel's queue holds, so a session never refuses.
/// What is for a peer that was removed, or of a member that is none any more, is dropped: the
/// application counts by itself what had not been taken when it hears of that.
class SendCredits {
 public:
  SendCredits(Member& member, PacketPort& port, std::size_t members_max);

  /// A peer has joined, or was removed.
  std::shared_ptr<Credit> open(const MemberKey& peer);
  void close(const MemberKey& peer);
  /// Of one that has joined.
  std::shared_ptr<Credit> of(const MemberKey& peer) const { return peers_.at(peer.id).credit; }

  /// A packet that holds an Outgoing. Consumes the reference.
  void submit(Packet& packet);
  /// Once in each cycle, after Member::transmit(). False: there was nothing to give.
  bool give_back();
  /// Once in each cycle: tells the application how far away the peers are, now and then one of
  /// them.
  void publish_round_trips(TimeNs now);

 private:
  struct Peer {
    MemberKey key;
    std::shared_ptr<Credit> credit;
    std::array<std::uint64_t, wire::channels> submitted{};  ///< packets
  };

  void forget_sessions();

  Member& member_;
  PacketPort& port_;
  MemberKey self_;  ///< whose sessions they are
  std::unordered_map<MemberId, Peer> peers_;
  std::vector<Peer*> all_;
  std::uint32_t joins_ = 0;
  std::size_t published_ = 0;
  TimeNs next_publish_ns_ = 0;
};

}  // namespace muster
