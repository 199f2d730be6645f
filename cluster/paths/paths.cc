#include "cluster/paths/paths.h"

#include <algorithm>
#include <cstring>

#include "cluster/config.h"
#include "cluster/mtu.h"

namespace muster {
namespace {

/// Sessions that begin together, as with a server that has just joined, ask one after the other.
constexpr DurationNs first_within_ns = 200 * ms;
/// Answers given in so long, whoever asks: in the worst case less than what heartbeats cost.
constexpr std::uint32_t answers_max = 256;
constexpr DurationNs answers_interval_ns = 50 * ms;

}  // namespace

Paths::Paths(const IpAddress& own, std::uint64_t seed, Outbox& outbox, Events& events)
    : headers_bytes_(mtu_default - payload_bytes_of(mtu_default, own)),
      outbox_(outbox),
      events_(events),
      random_(seed),
      answers_(answers_max, answers_interval_ns) {}

void Paths::begin(TimeNs now, const MemberKey& peer, const Endpoint& endpoint) {
  const auto [found, fresh] = paths_.try_emplace(peer.id);
  if (!fresh) return;
  found->second.peer = peer;
  found->second.endpoint = endpoint;
  begin_round(found->second, now + random_.below(first_within_ns));
}

void Paths::begin_round(Path& path, TimeNs at) {
  path.nonce = random_.next();
  path.tries = path.short_ones = 0;
  timers_.arm(path, at);
}

void Paths::on_deadline(TimeNs now) {
  while (Path* path = timers_.pop(now)) step(now, *path);
}

void Paths::step(TimeNs now, Path& path) {
  if (path.tries == tries_max) {
    conclude(path);
    return begin_round(path, now + pause_ns + random_.below(pause_ns / 10));
  }
  // A try of which one half was not sent would tell nothing.
  if (probe(path, path.nonce + path.tries + 1, false) && probe(path, path.nonce, true))
    ++path.tries;
  timers_.arm(path, now + (first_wait_ns << (std::max(path.tries, 1U) - 1)));
}

bool Paths::probe(Path& path, std::uint64_t nonce, bool full) {
  Packet* packet = outbox_.open(wire::Type::path_probe);
  if (packet == nullptr) return false;
  wire::PathProbe& body = append(*packet, wire::PathProbe{.nonce = nonce, .bytes = {}});
  if (full) {
    std::memset(packet->data + packet->size, 0, packet->capacity - packet->size);
    packet->size = packet->capacity;
    path.bytes = packet->capacity + headers_bytes_;
  }
  body.bytes = static_cast<std::uint16_t>(packet->size);
  outbox_.send(*packet, path.endpoint);
  return true;
}

/// No long one has arrived, or this would not be asked. Who has answered each short one is there,
/// knows the question, and does not lose so much: it is the length. All else tells nothing.
void Paths::conclude(Path& path) {
  constexpr unsigned all = (1U << tries_max) - 1;
  if (path.short_ones != all || path.narrow) return;
  path.narrow = true;
  events_.on_path({path.peer, path.bytes, false});
}

void Paths::on_probe(TimeNs now, const wire::PathProbe& probe, const Endpoint& from) {
  if (answers_.grant(now, 1) == 0) return;
  Packet* packet = outbox_.open(wire::Type::path_answer);
  if (packet == nullptr) return;
  append(*packet, wire::PathAnswer{.nonce = probe.nonce});
  outbox_.send(*packet, from);
}

void Paths::on_answer(const wire::Header& header, const wire::PathAnswer& answer) {
  const auto found = paths_.find(MemberId{std::uint64_t{header.sender}});
  if (found == paths_.end() || found->second.peer != wire::sender_of(header)) return;
  Path& path = found->second;
  const std::uint64_t number = answer.nonce - path.nonce;
  if (number == 0) {
    if (path.narrow) events_.on_path({path.peer, path.bytes, true});
    paths_.erase(found);
  } else if (number <= path.tries) {
    path.short_ones |= 1U << (number - 1);
  }
}

std::size_t Paths::narrow() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(paths_, [](const auto& entry) { return entry.second.narrow; }));
}

}  // namespace muster
