// The one boundary where bytes become checked views. Behind it nothing validates again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "cluster/types.h"
#include "cluster/wire/layout.h"

namespace muster::wire {

using Bytes = std::span<const std::byte>;

/// Why a packet was dropped; each is counted.
enum class Reject : std::uint8_t {
  too_short,
  not_ours,             ///< wrong magic
  unsupported_version,  ///< the one reject that is answered: parse() gives the header as well
  foreign_cluster,
  unknown_type,
  malformed,  ///< lengths, counts or values that do not add up
};
inline constexpr std::size_t reject_count = 6;

/// A change, or a piece of one, whose path and piece are known to lie within the packet. A piece at
/// offset 0 holds all attributes, and they are well-formed.
struct ChangeView {
  std::uint64_t version = 0;
  ChangeKind kind{};
  bool more = false;  ///< becomes visible together with the next change
  std::string_view path;
  std::size_t attribute_bytes = 0;
  std::size_t content_bytes = 0;  ///< attributes and value of the whole change
  std::size_t offset = 0;
  Bytes piece;

  std::size_t end() const { return offset + piece.size(); }
  /// It ends the change that it belongs to.
  bool ends() const { return end() == content_bytes; }
  bool whole() const { return offset == 0 && ends(); }
};

/// A run of records that parse() has walked once, so that walking it again needs no checks.
/// `Step` turns the bytes at the front into a view and says how long the record is.
template <class View, View (*decode)(const std::byte*& at)>
class Records {
 public:
  Records() = default;
  Records(const std::byte* first, std::size_t count) : first_(first), count_(count) {}
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

  class Iterator {
   public:
    Iterator(const std::byte* at, std::size_t left) : at_(at), left_(left) { load(); }
    const View& operator*() const { return view_; }
    const View* operator->() const { return &view_; }
    Iterator& operator++() {
      --left_;
      load();
      return *this;
    }
    bool operator!=(const Iterator& other) const { return left_ != other.left_; }

   private:
    void load() {
      if (left_ > 0) view_ = decode(at_);
    }
    const std::byte* at_;
    std::size_t left_;
    View view_{};
  };
  Iterator begin() const { return {first_, count_}; }
  Iterator end() const { return {nullptr, 0}; }

 private:
  const std::byte* first_ = nullptr;
  std::size_t count_ = 0;
};

ChangeView decode_change(const std::byte*& at);
using Changes = Records<ChangeView, decode_change>;

struct SectionView {
  const Section* head = nullptr;
  Changes changes;
  bool complete() const { return (head->flags & section_complete) != 0; }
};
inline Endpoint endpoint_of(const Address& address) {
  return {IpAddress(address.address), address.port};
}
inline Address address_of(const Endpoint& endpoint) {
  return {.address = endpoint.address.bytes(), .port = endpoint.port};
}
/// Does the sender of this hear the group?
inline bool hears_group(const Header& header) { return (header.flags & flag_deaf) == 0; }
/// Who sent a packet.
inline MemberKey sender_of(const Header& header) {
  return {MemberId{std::uint64_t{header.sender}}, header.incarnation};
}
/// Whose part of the directory a section is about.
inline MemberKey key_of(const Section& section) {
  return {MemberId{std::uint64_t{section.owner}}, section.incarnation};
}
SectionView decode_section(const std::byte*& at);
using Sections = Records<SectionView, decode_section>;

/// One message of a session packet, or a piece of one.
struct MessageView {
  MessageKind kind = MessageKind::data;
  bool first = true;
  bool last = true;
  std::uint32_t message_bytes = 0;     ///< first piece: of the whole payload
  std::uint64_t call = 0;              ///< first piece of a request or a response
  CallStatus status = CallStatus::ok;  ///< first piece of a response
  std::string_view path;               ///< first piece of a request
  Bytes payload;

  bool whole() const { return first && last; }
};
MessageView decode_message(const std::byte*& at);
using Messages = Records<MessageView, decode_message>;

struct HeartbeatView {
  const Heartbeat* body;
  std::string_view name;
};
struct JoinView {
  std::string_view name;
};
struct LeaveView {};
/// An introduction's addresses, in the order in which they are compared.
struct IntroductionView {
  const Introduction* body;
  std::span<const Address> addresses;
};
struct AdvertisementView {
  const Advertisement* body;
  Changes changes;
};
struct SyncAnswerView {
  const SyncAnswer* body;
  Sections sections;
};
struct SessionView {
  const Session* body;
  Messages messages;
  std::span<const Le64> selective;
  std::uint32_t opens_bytes = 0;  ///< of the message that begins in it and does not end in it
};
struct PublicationView {
  const Publication* body;
  Messages messages;
  std::uint32_t opens_bytes = 0;  ///< as in a SessionView
};
struct ReportView {
  const Report* body;
  std::span<const Le64> selective;
};
/// What a receiver says of the packets that it is sent, in whichever packet.
struct Acknowledgement {
  std::uint32_t acknowledged = 0;
  std::uint16_t window_packets = 0;
  std::uint16_t away = 0;
  std::span<const Le64> selective;
};
inline Acknowledgement acknowledgement_of(const SessionView& view) {
  return {view.body->acknowledged, view.body->window_packets, view.body->away, view.selective};
}
inline Acknowledgement acknowledgement_of(const ReportView& view) {
  return {view.body->acknowledged, view.body->window_packets, view.body->away, view.selective};
}
/// The messages of a session packet or a publication that parse() has accepted.
inline Messages messages_in(const std::byte* packet) {
  const std::byte* body = packet + sizeof(Header);
  return {body + sizeof(Session), reinterpret_cast<const Session*>(body)->messages};
}

using Body =
    std::variant<const UnsupportedVersion*, HeartbeatView, JoinView, const Refuse*, LeaveView,
                 const Removed*, const Probe*, const ProbeAck*, const ProbeRequest*,
                 AdvertisementView, const SyncRequest*, SyncAnswerView, SessionView,
                 const IntroductionRequest*, IntroductionView, PublicationView, const Position*,
                 ReportView, const PathProbe*, const PathAnswer*>;

/// Views into the packet's bytes, valid as long as those are.
struct Parsed {
  const Header* header = nullptr;
  Body body;
};

/// Checks everything that can be checked without knowing the cluster's state (docs/protocol.md
/// §2.3). Never throws, never reads outside `bytes`; cost is linear in the number of records. On a
/// Reject::unsupported_version `out.header` is set, so that the sender can be told.
std::optional<Reject> parse(Bytes bytes, std::uint64_t cluster, Parsed& out);

}  // namespace muster::wire
