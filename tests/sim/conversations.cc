#include "tests/sim/conversations.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include "sim/dice.h"

namespace muster::sim {
namespace {

struct Head {
  std::uint64_t from, from_incarnation, to, to_incarnation, number, hash;
};
static_assert(sizeof(Head) == Conversations::head_bytes);

std::uint64_t hash_of(const Head& head, std::span<const std::byte> rest) {
  return XXH3_64bits_withSeed(rest.data(), rest.size(),
                              XXH3_64bits(&head, offsetof(Head, hash)) ^ rest.size());
}

}  // namespace

Conversations::Conversation* Conversations::find(const Party& from, const Party& to) {
  auto& lives = conversations_[from.server][to.server];
  for (std::size_t i = lives.size(); i-- > 0;)
    if (lives[i].from == from.incarnation && lives[i].to == to.incarnation) return &lives[i];
  return nullptr;
}

void Conversations::write(const Party& from, const Party& to, std::uint64_t filling,
                          std::span<std::byte> payload) {
  const Conversation* conversation = find(from, to);
  Head head{from.server,
            from.incarnation,
            to.server,
            to.incarnation,
            conversation == nullptr ? 1 : conversation->sent + 1,
            0};
  Dice dice(filling);
  const auto rest = payload.subspan(sizeof head);
  std::ranges::generate(rest, [&] { return static_cast<std::byte>(dice.next()); });
  head.hash = hash_of(head, rest);
  std::memcpy(payload.data(), &head, sizeof head);
}

void Conversations::sent(const Party& from, const Party& to) {
  Conversation* conversation = find(from, to);
  if (conversation == nullptr)
    conversation = &conversations_[from.server][to.server].emplace_back(
        Conversation{.from = from.incarnation, .to = to.incarnation});
  ++conversation->sent;
}

void Conversations::accepted(const Party& receiver, const Party& sender,
                             std::span<const std::byte> payload) {
  Head head;
  if (payload.size() < sizeof head)
    return verdict_.fail("I11", "m{} was given a message of {} bytes that nobody sent",
                         receiver.server, payload.size());
  std::memcpy(&head, payload.data(), sizeof head);
  if (head.hash != hash_of(head, payload.subspan(sizeof head)))
    return verdict_.fail("I11", "m{} was given a message of m{} with another payload",
                         receiver.server, sender.server);
  const bool meant = Party{head.from, head.from_incarnation} == sender &&
                     Party{head.to, head.to_incarnation} == receiver;
  Conversation* conversation = find(sender, receiver);
  if (!meant || conversation == nullptr)
    return verdict_.fail("I11",
                         "m{} (incarnation {}) was given, as of m{} (incarnation {}), a message "
                         "from m{} ({}) to m{} ({})",
                         receiver.server, receiver.incarnation, sender.server, sender.incarnation,
                         head.from, head.from_incarnation, head.to, head.to_incarnation);
  if (head.number != conversation->accepted + 1)
    return verdict_.fail("I11", "m{} was given message {} of m{} after message {}", receiver.server,
                         head.number, sender.server, conversation->accepted);
  ++conversation->accepted;
}

void Conversations::undelivered(const Party& from, const Party& to, std::size_t messages) {
  Conversation* conversation = find(from, to);
  if (conversation == nullptr) return;  // responses only, which are not numbered
  conversation->open = false;
  if (conversation->sent - conversation->accepted > messages)
    verdict_.fail("I11", "m{} was told of {} undelivered messages to m{}, which lacks {} of {}",
                  from.server, messages, to.server, conversation->sent - conversation->accepted,
                  conversation->sent);
}

void Conversations::end(const Party& from, std::size_t to, Conversation& conversation) {
  if (conversation.open && conversation.accepted < conversation.sent)
    verdict_.fail("I11", "m{} dropped the session with m{}, which lacks {} of {} messages, unsaid",
                  from.server, to, conversation.sent - conversation.accepted, conversation.sent);
  conversation.open = false;
}

void Conversations::ended(const Party& from, const Party& to) {
  if (Conversation* conversation = find(from, to)) end(from, to.server, *conversation);
}

void Conversations::ended_all(const Party& from) {
  for (std::size_t to = 0; to < conversations_.size(); ++to)
    for (Conversation& conversation : conversations_[from.server][to])
      if (conversation.from == from.incarnation) end(from, to, conversation);
}

bool Conversations::settled(const Party& from, const Party& to) const {
  for (const Conversation& conversation : conversations_[from.server][to.server])
    if (conversation.from == from.incarnation && conversation.to == to.incarnation)
      return conversation.accepted == conversation.sent;
  return true;
}

}  // namespace muster::sim
