#include "tests/sim/broadcasts.h"

#include <cstring>

#include <fmt/format.h>

#include "tests/sim/head.h"

namespace muster::sim {
namespace {

struct PublishedHead {
  std::uint64_t publisher, incarnation, topic, number, hash;
};
static_assert(sizeof(PublishedHead) == Broadcasts::head_bytes);

}  // namespace

void Broadcasts::begin(const Source& source, const TopicConfig& config) {
  streams_[source].config = config;
}

void Broadcasts::write(const Source& source, std::span<std::byte> payload) const {
  PublishedHead head{source.publisher.server, source.publisher.incarnation, source.topic,
                     streams_.at(source).begun + 1, 0};
  head.hash = hash_of(head, payload.subspan(sizeof head));
  std::memcpy(payload.data(), &head, sizeof head);
}

void Broadcasts::joined(const Source& source, std::size_t subscriber) {
  Stream& stream = streams_[source];
  stream.begun_before[subscriber] = stream.begun;
}

void Broadcasts::follows_anew(std::size_t subscriber, std::optional<std::size_t> publisher) {
  for (auto& [who, heard] : heard_) {
    const auto& [follower, source] = who;
    if (follower.server == subscriber &&
        source.publisher.server == publisher.value_or(source.publisher.server))
      heard.dropped = false;
  }
}

void Broadcasts::changed(const Follower& follower, const Source& source, const StreamEvent& event) {
  const auto stream = streams_.find(source);
  if (stream == streams_.end())
    return verdict_.fail("I11", "m{} was told of a stream of m{} that is none", follower.server,
                         source.publisher.server);
  const TopicConfig& config = stream->second.config;
  Heard& heard = heard_[{follower, source}];
  if (event.change == StreamChange::refused) {
    heard.refused = true;
    if (heard.runs)
      verdict_.fail("I11", "m{} was refused the stream of m{} that it follows", follower.server,
                    source.publisher.server);
    return;
  }
  const bool begins = event.change == StreamChange::began;
  // Whoever is too slow to hear of the beginning is dropped all the same.
  const bool never_began = event.change == StreamChange::dropped && !heard.dropped;
  if (heard.runs == begins && !never_began)
    return verdict_.fail("I11", "m{} was told twice how the stream of m{} begins, or ends",
                         follower.server, source.publisher.server);
  switch (event.change) {
    case StreamChange::began:
      heard = {.runs = true, .may_jump = true, .first = true, .refused = heard.refused};
      break;
    case StreamChange::gap:
      heard.may_jump = true;
      if (config.kind == TopicKind::reliable && !heard.first)  // else see §9.9
        verdict_.fail("I11", "m{} was told of a gap in a reliable stream of m{}", follower.server,
                      source.publisher.server);
      break;
    case StreamChange::dropped:
      heard = {.dropped = true, .last = heard.last};
      if (config.kind != TopicKind::reliable || config.slow != SlowSubscriber::dropped)
        verdict_.fail("I11", "m{} was dropped from a stream of m{} that drops nobody",
                      follower.server, source.publisher.server);
      break;
    case StreamChange::ended:
      heard.runs = false;
      break;
    case StreamChange::refused:  // done above
      break;
  }
}

void Broadcasts::accepted(const Follower& follower, const Source& source,
                          std::span<const std::byte> payload) {
  const auto stream = streams_.find(source);
  PublishedHead head;
  if (stream == streams_.end() || payload.size() < sizeof head)
    return verdict_.fail("I11", "m{} was given {} bytes that nobody published", follower.server,
                         payload.size());
  std::memcpy(&head, payload.data(), sizeof head);
  if (head.hash != hash_of(head, payload.subspan(sizeof head)))
    return verdict_.fail("I11", "m{} was given what m{} published with another payload",
                         follower.server, source.publisher.server);
  if (Source{{head.publisher, head.incarnation}, head.topic} != source)
    return verdict_.fail("I11", "m{} was given, as of a stream of m{}, a message of another",
                         follower.server, source.publisher.server);
  Heard& heard = heard_[{follower, source}];
  if (!heard.runs)
    return verdict_.fail("I11", "m{} was given a message of a stream of m{} that has not begun",
                         follower.server, source.publisher.server);
  check_order(stream->second, heard, follower, head.number);
  heard.last = head.number;
  heard.may_jump = heard.first = heard.refused = false;
}

void Broadcasts::check_order(const Stream& stream, Heard& heard, const Follower& follower,
                             std::uint64_t number) {
  if (number <= heard.last || (number != heard.last + 1 && !heard.may_jump))
    return verdict_.fail("I11", "m{} was given message {} of {} after message {}, and told nothing",
                         follower.server, number, stream.config.name, heard.last);
  const auto joined = stream.begun_before.find(follower.server);
  if (!heard.first || stream.config.kind != TopicKind::reliable ||
      joined == stream.begun_before.end())
    return;
  if (number > joined->second + 1)
    verdict_.fail("I11", "m{} begins with message {} of {}, and follows it since message {}",
                  follower.server, number, stream.config.name, joined->second + 1);
}

bool Broadcasts::was_refused(const Follower& follower, const Source& source) const {
  const auto heard = heard_.find({follower, source});
  return heard != heard_.end() && heard->second.refused && !heard->second.runs;
}

std::optional<std::string> Broadcasts::missing(const Follower& follower, const Source& source,
                                               bool dropped) const {
  const Stream& stream = streams_.at(source);
  if (stream.config.kind == TopicKind::unreliable) return std::nullopt;
  const auto found = heard_.find({follower, source});
  const Heard heard = found == heard_.end() ? Heard{} : found->second;
  const auto said = [&](std::string_view what) {
    return fmt::format("m{} {} {} of m{}", follower.server, what, stream.config.name,
                       source.publisher.server);
  };
  if (dropped != heard.dropped) return said("does not know whether it was dropped from");
  if (dropped) return std::nullopt;
  if (!heard.runs) return said("has not begun to follow");
  const auto joined = stream.begun_before.find(follower.server);
  if (joined == stream.begun_before.end()) return said("is no subscriber of");
  if (stream.published > joined->second && heard.last != stream.published)
    return said(fmt::format("has message {} of {} of", heard.last, stream.published));
  return std::nullopt;
}

}  // namespace muster::sim
