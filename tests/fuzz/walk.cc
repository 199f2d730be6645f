#include "tests/fuzz/walk.h"

#include <xxhash.h>

#include "cluster/attributes.h"
#include "cluster/wire/path.h"
#include "tests/fuzz/require.h"

namespace muster::fuzz {
namespace {

std::uint64_t hash_of(const void* bytes, std::size_t size) { return XXH3_64bits(bytes, size); }
std::uint64_t hash_of(wire::Bytes bytes) { return hash_of(bytes.data(), bytes.size()); }
std::uint64_t hash_of(std::string_view text) { return hash_of(text.data(), text.size()); }

std::uint64_t walk_attributes(Attributes attributes) {
  std::uint64_t sum = 0;
  std::string_view before;
  for (const Attribute attribute : attributes) {
    require(attribute.key > before, "the keys of attributes ascend");
    before = attribute.key;
    sum += hash_of(attribute.key) + hash_of(attribute.value);
  }
  return sum;
}

std::uint64_t walk_changes(const wire::Changes& changes) {
  std::uint64_t sum = 0;
  std::uint64_t before = 0;
  std::size_t seen = 0;
  for (const wire::ChangeView& change : changes) {
    const bool clear = change.kind == wire::ChangeKind::clear;
    require(change.version > before, "the versions of changes ascend");
    require(clear ? change.path.empty() : wire::valid_path(change.path),
            "a change's path is valid");
    require(change.end() <= change.content_bytes, "a piece lies within its change");
    require(change.offset == 0 || seen == 0, "only the first continues a change");
    require(change.ends() || seen + 1 == changes.size(), "only the last is incomplete");
    before = change.version;
    ++seen;
    sum += hash_of(change.path) + hash_of(change.piece);
    if (change.offset == 0)
      sum += walk_attributes(Attributes(change.piece.first(change.attribute_bytes)));
  }
  return sum;
}

std::uint64_t walk_messages(const wire::Messages& messages, std::uint32_t said_to_open) {
  std::uint64_t sum = 0;
  std::size_t seen = 0;
  bool continues = false;
  std::uint32_t opens_bytes = 0;
  for (const wire::MessageView& message : messages) {
    require(message.first || seen == 0, "only the first message of a packet continues one");
    ++seen;
    require(message.last || seen == messages.size(), "only the last one goes on");
    require(message.message_bytes <= wire::message_bytes_max, "no message is too large");
    require(message.kind != wire::MessageKind::request || !message.first ||
                wire::valid_path(message.path),
            "a request's path is valid");
    continues = continues || !message.first;
    if (message.first && !message.last) opens_bytes = message.message_bytes;
    sum += message.call + hash_of(message.path) + hash_of(message.payload);
  }
  require(said_to_open == opens_bytes, "it is known how large the message is that begins");
  require(!continues || opens_bytes == 0, "no packet ends a message and begins one in pieces");
  return sum;
}

std::uint64_t walk_words(std::span<const wire::Le64> words) {
  require(words.size() <= wire::selective_words_max, "no more words than a window has");
  std::uint64_t sum = 0;
  for (const wire::Le64 word : words) sum += word;
  return sum;
}

struct Walker {
  template <class Fixed>
  std::uint64_t operator()(const Fixed* body) const {
    return hash_of(body, sizeof *body);
  }
  std::uint64_t operator()(const wire::HeartbeatView& view) const {
    return hash_of(view.body, sizeof *view.body) + hash_of(view.name);
  }
  std::uint64_t operator()(const wire::JoinView& view) const { return hash_of(view.name); }
  std::uint64_t operator()(const wire::LeaveView&) const { return 0; }
  std::uint64_t operator()(const wire::IntroductionView& view) const {
    const wire::Address* before = nullptr;
    for (const wire::Address& address : view.addresses) {
      require(before == nullptr || wire::endpoint_of(*before) < wire::endpoint_of(address),
              "the addresses of an introduction ascend");
      before = &address;
    }
    return hash_of(view.body, sizeof *view.body) +
           hash_of(view.addresses.data(), view.addresses.size_bytes());
  }
  std::uint64_t operator()(const wire::AdvertisementView& view) const {
    require(view.body->to_version - view.body->base_version == view.changes.size(),
            "an advertisement holds every change from its base on");
    return walk_changes(view.changes);
  }
  std::uint64_t operator()(const wire::SyncAnswerView& view) const {
    std::uint64_t sum = 0;
    for (const wire::SectionView& section : view.sections)
      sum += hash_of(section.head, sizeof *section.head) + walk_changes(section.changes);
    return sum;
  }
  std::uint64_t operator()(const wire::SessionView& view) const {
    require(view.body->channel < wire::channels, "there is such a channel");
    return hash_of(view.body, sizeof *view.body) + walk_messages(view.messages, view.opens_bytes) +
           walk_words(view.selective);
  }
  std::uint64_t operator()(const wire::PublicationView& view) const {
    require(view.body->sequence != 0 && !view.messages.empty(), "a publication has messages");
    for (const wire::MessageView& message : view.messages)
      require(message.kind == wire::MessageKind::data, "what is published is data");
    return hash_of(view.body, sizeof *view.body) + walk_messages(view.messages, view.opens_bytes);
  }
  std::uint64_t operator()(const wire::ReportView& view) const {
    return hash_of(view.body, sizeof *view.body) + walk_words(view.selective);
  }
};

}  // namespace

std::uint64_t walk(const wire::Parsed& packet) {
  return hash_of(packet.header, sizeof *packet.header) + std::visit(Walker{}, packet.body);
}

}  // namespace muster::fuzz
