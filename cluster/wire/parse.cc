#include "cluster/wire/parse.h"

#include <algorithm>
#include <functional>

#include "cluster/attributes.h"
#include "cluster/wire/path.h"
#include "cluster/wire/reader.h"

namespace muster::wire {
namespace {

template <class T>
const T& front(const std::byte*& at) {
  const auto* record = reinterpret_cast<const T*>(at);
  at += sizeof(T);
  return *record;
}

Bytes front(const std::byte*& at, std::size_t length) {
  const Bytes bytes{at, length};
  at += length;
  return bytes;
}

/// The piece lies within the change's content, and no attribute is cut.
bool well_formed_piece(const Change& change) {
  const std::size_t attributes = change.attribute_bytes;
  const std::size_t content = attributes + change.value_bytes;
  const std::size_t offset = change.offset;
  const std::size_t end = offset + change.length;
  if (attributes > Attributes::bytes_max || change.value_bytes > value_bytes_max) return false;
  if (end > content || (change.length == 0 && content > 0)) return false;
  return offset == 0 ? end >= attributes : offset >= attributes;
}

/// docs/protocol.md §6.2.
bool take_change(Reader& in, const Change*& change) {
  change = in.take<Change>();
  if (change == nullptr || change->flags > change_more || !well_formed_piece(*change)) return false;
  const auto kind = ChangeKind{change->kind};
  if (kind < ChangeKind::bind || kind > ChangeKind::clear) return false;
  if (kind != ChangeKind::bind && change->attribute_bytes + change->value_bytes != 0) return false;
  const std::byte* path = in.skip(change->path_length);
  if (path == nullptr) return false;
  if (kind == ChangeKind::clear ? change->path_length != 0
                                : !valid_path(text(path, change->path_length)))
    return false;
  const std::byte* piece = in.skip(change->length);
  if (piece == nullptr) return false;
  return change->offset > 0 || Attributes::well_formed({piece, change->attribute_bytes});
}

/// Walks `count` changes whose versions ascend within (after, last]; `contiguous` demands each.
bool check_changes(Reader& in, std::size_t count, std::uint64_t after, std::uint64_t last,
                   bool contiguous) {
  for (std::size_t i = 0; i < count; ++i) {
    const Change* change = nullptr;
    if (!take_change(in, change)) return false;
    if (change->version <= after || change->version > last) return false;
    if (contiguous && change->version != after + 1) return false;
    // An answer tells of each path; only as it happens is everything withdrawn by one change.
    if (!contiguous && ChangeKind{change->kind} == ChangeKind::clear) return false;
    if (i > 0 && change->offset != 0) return false;
    const std::size_t content = change->attribute_bytes + change->value_bytes;
    if (i + 1 < count && change->offset + change->length != content) return false;
    after = change->version;
  }
  return !contiguous || after == last;
}

bool check_sections(Reader& in, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto* section = in.take<Section>();
    if (section == nullptr || section->base_version > section->cursor_version ||
        section->cursor_version > section->to_version)
      return false;
    if (!check_changes(in, section->changes, section->cursor_version, section->to_version, false))
      return false;
  }
  return true;
}

/// What stands between the head and the payload of a first piece.
bool take_call(Reader& in, MessageKind kind) {
  const auto* call = in.take<Call>();
  if (call == nullptr) return false;
  if (kind == MessageKind::response)
    return call->detail <= static_cast<std::uint8_t>(CallStatus::refused);
  const std::byte* path = in.skip(call->detail);
  return path != nullptr && valid_path(text(path, call->detail));
}

/// docs/protocol.md §8.1. `opens_bytes` is set where a message begins and does not end.
const Message* take_message(Reader& in, std::uint32_t& opens_bytes) {
  const auto* message = in.take<Message>();
  if (message == nullptr || message->flags > (piece_continues | piece_more)) return nullptr;
  if (message->flags == 0 && MessageKind{message->kind} == MessageKind::data)  // as nearly all
    return in.skip(message->payload_bytes) == nullptr ? nullptr : message;
  const auto kind = MessageKind{message->kind};
  if (kind < MessageKind::data || kind > MessageKind::response) return nullptr;
  if ((message->flags & piece_continues) == 0) {
    if ((message->flags & piece_more) != 0) {
      const auto* message_bytes = in.take<Le32>();
      if (message_bytes == nullptr || *message_bytes > message_bytes_max ||
          *message_bytes <= message->payload_bytes)
        return nullptr;
      opens_bytes = *message_bytes;
    }
    if (kind != MessageKind::data && !take_call(in, kind)) return nullptr;
  }
  if (message->flags != 0 && message->payload_bytes == 0) return nullptr;
  return in.skip(message->payload_bytes) == nullptr ? nullptr : message;
}

/// Only the first of a packet may continue a message, only the last be continued, and not both: who
/// has no room for what begins must be able to take what ends (docs/protocol.md §8.3).
bool check_messages(Reader& in, std::size_t count, std::uint32_t& opens_bytes,
                    bool data_only = false) {
  bool continues = false;
  for (std::size_t i = 0; i < count; ++i) {
    const Message* message = take_message(in, opens_bytes);
    if (message == nullptr) return false;
    if (data_only && MessageKind{message->kind} != MessageKind::data) return false;
    if ((message->flags & piece_continues) != 0) {
      if (i > 0) return false;
      continues = true;
    }
    if (i + 1 < count && (message->flags & piece_more) != 0) return false;
  }
  return !continues || opens_bytes == 0;
}

/// A name's length byte has been read as the last byte of a fixed body.
std::optional<std::string_view> take_name(Reader& in, std::size_t length) {
  if (length == 0 || length > name_bytes_max) return std::nullopt;
  const std::byte* at = in.skip(length);
  if (at == nullptr) return std::nullopt;
  return text(at, length);
}

template <class T>
bool parse_fixed(Reader& in, Body& body) {
  const T* fixed = in.take<T>();
  body = fixed;
  return fixed != nullptr;
}

bool parse_heartbeat(Reader& in, Body& body) {
  const auto* heartbeat = in.take<Heartbeat>();
  if (heartbeat == nullptr || heartbeat->synchronized > 1) return false;
  const auto name = take_name(in, heartbeat->name_length);
  if (!name) return false;
  body = HeartbeatView{heartbeat, *name};
  return true;
}

bool parse_join(Reader& in, Body& body) {
  const auto* join = in.take<Join>();
  if (join == nullptr) return false;
  const auto name = take_name(in, join->name_length);
  if (!name) return false;
  body = JoinView{*name};
  return true;
}

bool parse_refuse(Reader& in, Body& body) {
  const auto* refuse = in.take<Refuse>();
  body = refuse;
  return refuse != nullptr && refuse->reason >= 1 && refuse->reason <= 3;
}

/// A page that leaves something out must end later than it begins, so that asking on has an end.
bool parse_introduction(Reader& in, Body& body) {
  const auto* introduction = in.take<Introduction>();
  if (introduction == nullptr) return false;
  const std::size_t count = introduction->count;
  const std::byte* at = in.skip(count * sizeof(Address));
  if (at == nullptr) return false;
  const std::span addresses(reinterpret_cast<const Address*>(at), count);
  body = IntroductionView{introduction, addresses};
  const auto ascend = [](const Address& a, const Address& b) {
    return endpoint_of(a) < endpoint_of(b);
  };
  const auto not_ascending = std::not_fn(ascend);
  if (std::ranges::adjacent_find(addresses, not_ascending) != addresses.end()) return false;
  return count > 0 || (introduction->flags & introduction_last) != 0;
}

bool parse_advertisement(Reader& in, Body& body) {
  const auto* advertisement = in.take<Advertisement>();
  if (advertisement == nullptr || advertisement->base_version >= advertisement->to_version)
    return false;
  body = AdvertisementView{advertisement, Changes{in.position(), advertisement->changes}};
  return check_changes(in, advertisement->changes, advertisement->base_version,
                       advertisement->to_version, true);
}

bool parse_sync_request(Reader& in, Body& body) {
  const auto* request = in.take<SyncRequest>();
  body = request;
  return request != nullptr && request->scope >= 1 && request->scope <= 2 && request->pages > 0 &&
         request->since_version <= request->cursor_version;
}

bool parse_sync_answer(Reader& in, Body& body) {
  const auto* answer = in.take<SyncAnswer>();
  if (answer == nullptr) return false;
  body = SyncAnswerView{answer, Sections{in.position(), answer->sections}};
  return check_sections(in, answer->sections);
}

std::span<const Le64> take_selective(Reader& in, std::size_t words) {
  const std::byte* selective =
      words > selective_words_max ? nullptr : in.skip(words * sizeof(Le64));
  if (selective == nullptr) return {};
  return {reinterpret_cast<const Le64*>(selective), words};
}

bool parse_session(Reader& in, Body& body) {
  const auto* session = in.take<Session>();
  if (session == nullptr || (session->sequence == 0) != (session->messages == 0)) return false;
  if (session->channel >= channels) return false;
  const Messages messages{in.position(), session->messages};
  std::uint32_t opens_bytes = 0;
  if (!check_messages(in, messages.size(), opens_bytes)) return false;
  const auto selective = take_selective(in, session->selective_words);
  // Made in its place: a copy of what was just written in other widths stalls the processor.
  body.emplace<SessionView>(session, messages, selective, opens_bytes);
  return selective.size() == session->selective_words;
}

/// docs/protocol.md §9.3.
bool parse_publication(Reader& in, Body& body) {
  const auto* publication = in.take<Publication>();
  if (publication == nullptr || publication->sequence == 0 || publication->messages == 0)
    return false;
  const Messages messages{in.position(), publication->messages};
  std::uint32_t opens_bytes = 0;
  if (!check_messages(in, messages.size(), opens_bytes, true)) return false;
  body.emplace<PublicationView>(publication, messages, opens_bytes);
  return true;
}

bool parse_position(Reader& in, Body& body) {
  const auto* position = in.take<Position>();
  body = position;
  return position != nullptr && position->turn > 0 && position->first > 0 &&
         position->first <= position_first_max &&
         position->kind <= static_cast<std::uint8_t>(PositionKind::asks);
}

bool parse_report(Reader& in, Body& body) {
  const auto* report = in.take<Report>();
  if (report == nullptr || report->kind > static_cast<std::uint8_t>(ReportKind::refuses))
    return false;
  const auto selective = take_selective(in, report->selective_words);
  body = ReportView{report, selective};
  return selective.size() == report->selective_words;
}

/// What fills it up is nobody's to read.
bool parse_path_probe(Reader& in, Body& body) {
  const auto* probe = in.take<PathProbe>();
  constexpr std::size_t least = sizeof(Header) + sizeof(PathProbe);
  body = probe;
  return probe != nullptr && probe->bytes >= least && in.skip(probe->bytes - least) != nullptr;
}

bool parse_body(Type type, Reader& in, Body& body) {
  switch (type) {
    case Type::unsupported_version:
      return parse_fixed<UnsupportedVersion>(in, body);
    case Type::heartbeat:
      return parse_heartbeat(in, body);
    case Type::join:
      return parse_join(in, body);
    case Type::refuse:
      return parse_refuse(in, body);
    case Type::leave:
      body = LeaveView{};
      return true;
    case Type::removed:
      return parse_fixed<Removed>(in, body);
    case Type::probe:
      return parse_fixed<Probe>(in, body);
    case Type::probe_ack:
      return parse_fixed<ProbeAck>(in, body);
    case Type::probe_request:
      return parse_fixed<ProbeRequest>(in, body);
    case Type::advertisement:
      return parse_advertisement(in, body);
    case Type::sync_request:
      return parse_sync_request(in, body);
    case Type::sync_answer:
      return parse_sync_answer(in, body);
    case Type::session:
      return parse_session(in, body);
    case Type::introduction_request:
      return parse_fixed<IntroductionRequest>(in, body);
    case Type::introduction:
      return parse_introduction(in, body);
    case Type::publication:
      return parse_publication(in, body);
    case Type::position:
      return parse_position(in, body);
    case Type::report:
      return parse_report(in, body);
    case Type::path_probe:
      return parse_path_probe(in, body);
    case Type::path_answer:
      return parse_fixed<PathAnswer>(in, body);
  }
  return false;
}

}  // namespace

ChangeView decode_change(const std::byte*& at) {
  const auto& change = front<Change>(at);
  const Bytes path = front(at, change.path_length);
  return {.version = change.version,
          .kind = ChangeKind{change.kind},
          .more = (change.flags & change_more) != 0,
          .path = text(path.data(), path.size()),
          .attribute_bytes = change.attribute_bytes,
          .content_bytes = std::size_t{change.attribute_bytes} + change.value_bytes,
          .offset = change.offset,
          .piece = front(at, change.length)};
}

SectionView decode_section(const std::byte*& at) {
  const auto& section = front<Section>(at);
  const SectionView view{&section, Changes{at, section.changes}};
  for (std::size_t i = 0; i < section.changes; ++i) decode_change(at);
  return view;
}

MessageView decode_message(const std::byte*& at) {
  const auto& message = front<Message>(at);
  MessageView view;
  view.kind = MessageKind{message.kind};
  view.first = (message.flags & piece_continues) == 0;
  view.last = (message.flags & piece_more) == 0;
  view.message_bytes = message.payload_bytes;
  if (view.first) {
    if (!view.last) view.message_bytes = front<Le32>(at);
    if (view.kind != MessageKind::data) {
      const auto& call = front<Call>(at);
      view.call = call.call;
      if (view.kind == MessageKind::response) {
        view.status = CallStatus{call.detail};
      } else {
        const Bytes path = front(at, call.detail);
        view.path = text(path.data(), path.size());
      }
    }
  }
  view.payload = front(at, message.payload_bytes);
  return view;
}

std::optional<Reject> parse(Bytes bytes, std::uint64_t cluster, Parsed& out) {
  Reader in(bytes);
  const auto* header = in.take<Header>();
  if (header == nullptr) return Reject::too_short;
  if (header->magic != magic) return Reject::not_ours;
  out.header = header;
  if (header->cluster != cluster) return Reject::foreign_cluster;
  const bool is_version_notice =
      header->type == static_cast<std::uint8_t>(Type::unsupported_version);
  const bool spoken = header->version >= oldest_version && header->oldest_version <= version;
  if (!spoken && !is_version_notice) return Reject::unsupported_version;
  if (header->type > type_last) return Reject::unknown_type;
  if (!parse_body(Type{header->type}, in, out.body) || !in.finished()) return Reject::malformed;
  return std::nullopt;
}

}  // namespace muster::wire
