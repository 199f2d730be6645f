#include "tests/sim/conversations.h"

#include <algorithm>
#include <cstring>

#include "tests/sim/head.h"

namespace muster::sim {
namespace {

struct SentHead {
  std::uint64_t from, from_incarnation, to, to_incarnation, channel, number, hash;
};
static_assert(sizeof(SentHead) == Conversations::head_bytes);

}  // namespace

const Conversations::Conversation* Conversations::find(const Way& way) const {
  const auto& lives = conversations_[way.from.server][way.to.server];
  for (std::size_t i = lives.size(); i-- > 0;)
    if (lives[i].from == way.from.incarnation && lives[i].to == way.to.incarnation &&
        lives[i].channel == way.channel)
      return &lives[i];
  return nullptr;
}

std::uint64_t Conversations::last_number(Way way) const {
  const auto& predecessors = predecessors_[way.from.server];
  for (;;) {
    if (const Conversation* conversation = find(way))
      return conversation->counts_on ? conversation->sent : 0;
    const auto before = predecessors.find(way.from.incarnation);
    if (before == predecessors.end()) return 0;
    way.from.incarnation = before->second;
  }
}

void Conversations::write(const Way& way, std::uint64_t ahead, std::span<std::byte> payload) const {
  SentHead head{way.from.server,
                way.from.incarnation,
                way.to.server,
                way.to.incarnation,
                way.channel,
                last_number(way) + 1 + ahead,
                0};
  head.hash = hash_of(head, payload.subspan(sizeof head));
  std::memcpy(payload.data(), &head, sizeof head);
}

void Conversations::sent(const Way& way, std::uint64_t messages) {
  Conversation* conversation = find(way);
  if (conversation == nullptr) {
    const std::uint64_t before = last_number(way);
    conversation = &conversations_[way.from.server][way.to.server].emplace_back(
        Conversation{.from = way.from.incarnation,
                     .to = way.to.incarnation,
                     .channel = way.channel,
                     .sent = before,
                     .accepted = before});
  }
  conversation->sent += messages;
}

void Conversations::accepted(const Way& way, std::span<const std::byte> payload) {
  const std::size_t receiver = way.to.server;
  SentHead head;
  if (payload.size() < sizeof head)
    return verdict_.fail("I11", "m{} was given a message of {} bytes that nobody sent", receiver,
                         payload.size());
  std::memcpy(&head, payload.data(), sizeof head);
  if (head.hash != hash_of(head, payload.subspan(sizeof head)))
    return verdict_.fail("I11", "m{} was given a message of m{} with another payload", receiver,
                         way.from.server);
  const bool meant = Party{head.from, head.from_incarnation} == way.from &&
                     Party{head.to, head.to_incarnation} == way.to;
  if (meant && head.channel != way.channel)
    return verdict_.fail("I11", "m{} was given on channel {} what m{} sent on channel {}", receiver,
                         way.channel, way.from.server, head.channel);
  Conversation* conversation = find(way);
  if (!meant || conversation == nullptr)
    return verdict_.fail("I11",
                         "m{} (incarnation {}) was given, as of m{} (incarnation {}), a message "
                         "from m{} ({}) to m{} ({})",
                         receiver, way.to.incarnation, way.from.server, way.from.incarnation,
                         head.from, head.from_incarnation, head.to, head.to_incarnation);
  if (head.number != conversation->accepted + 1)
    return verdict_.fail("I11", "m{} was given message {} of m{} after message {}", receiver,
                         head.number, way.from.server, conversation->accepted);
  ++conversation->accepted;
}

void Conversations::undelivered(const Way& way, std::uint64_t first, std::uint64_t messages) {
  Conversation* conversation = find(way);
  const std::uint64_t last = first + messages - 1;
  if (conversation == nullptr || !conversation->open)
    return verdict_.fail("I11", "m{} was told twice, or of what it never sent, to m{}",
                         way.from.server, way.to.server);
  conversation->open = false;
  if (last != conversation->sent || messages == 0)
    verdict_.fail("I11", "m{} was told that messages {} to {} have not reached m{}, and sent {}",
                  way.from.server, first, last, way.to.server, conversation->sent);
  if (first > conversation->accepted + 1)
    verdict_.fail("I11", "m{} was told that all before message {} have reached m{}, which has {}",
                  way.from.server, first, way.to.server, conversation->accepted);
}

void Conversations::end(std::size_t from, std::size_t to, Conversation& conversation) {
  if (conversation.open && conversation.accepted < conversation.sent)
    verdict_.fail("I11", "m{} dropped the session with m{}, which lacks {} of {} messages, unsaid",
                  from, to, conversation.sent - conversation.accepted, conversation.sent);
  conversation.open = false;
}

void Conversations::ended(const Party& from, const Party& to) {
  for (Conversation& conversation : conversations_[from.server][to.server]) {
    if (conversation.to != to.incarnation) continue;
    conversation.counts_on = false;
    if (conversation.from == from.incarnation) end(from.server, to.server, conversation);
  }
}

void Conversations::ended_all(const Party& from) {
  for (std::size_t to = 0; to < conversations_.size(); ++to)
    for (Conversation& conversation : conversations_[from.server][to])
      if (conversation.from == from.incarnation) end(from.server, to, conversation);
}

bool Conversations::settled(const Party& from, const Party& to) const {
  const auto done = [&](const Conversation& conversation) {
    return conversation.from != from.incarnation || conversation.to != to.incarnation ||
           conversation.accepted == conversation.sent;
  };
  return std::ranges::all_of(conversations_[from.server][to.server], done);
}

}  // namespace muster::sim
