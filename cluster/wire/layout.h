// Every packet, field by field (docs/protocol.md gives the same in words). All integers are
// little-endian; no struct has padding, which the assertions at the end prove.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "cluster/wire/endian.h"

namespace muster::wire {

inline constexpr std::uint32_t magic = 0x5254534d;  // "MSTR"
inline constexpr std::uint8_t version = 1;
inline constexpr std::uint8_t oldest_version = 1;

inline constexpr std::size_t name_bytes_max = 63;

/// docs/protocol.md §2.2.
enum class Type : std::uint8_t {
  unsupported_version = 0,  ///< its layout never changes, in any version
  heartbeat = 1,
  join = 2,
  refuse = 3,
  leave = 4,
  removed = 5,
  probe = 6,
  probe_ack = 7,
  probe_request = 8,
  advertisement = 9,
  sync_request = 10,
  sync_answer = 11,
  session = 12,
  introduction_request = 13,
  introduction = 14,
  publication = 15,
  position = 16,
  report = 17,
  path_probe = 18,
  path_answer = 19,
};
inline constexpr std::uint8_t type_last = 19;

/// Header::flags. Bits of no meaning are ignored.
inline constexpr std::uint8_t flag_deaf = 1;        ///< the sender does not hear the group
inline constexpr std::uint8_t flag_introduces = 2;  ///< it knows members that the group misses

/// First in every packet (docs/protocol.md §2.1). The first sixteen bytes never change their
/// meaning.
struct Header {
  Le32 magic;
  std::uint8_t version;         ///< the sender speaks this version
  std::uint8_t oldest_version;  ///< and understands back to this one
  std::uint8_t type;
  std::uint8_t flags;
  Le64 cluster;
  Le64 sender;  ///< MemberId
  Le64 incarnation;
  Le64 packet_number;                ///< grows with each packet of this incarnation
  std::array<std::uint8_t, 16> tag;  ///< zero without security
};

/// unsupported_version: "I do not speak your version". Never answered.
struct UnsupportedVersion {
  std::uint8_t version;
  std::uint8_t oldest_version;
};

/// heartbeat: multicast by each member once an interval. The name's bytes follow.
struct Heartbeat {
  Le64 directory_version;
  Le64 directory_digest;
  Le64 view_digest;           ///< sum over the members it holds alive, itself included
  Le16 members_alive;         ///< how many those are
  std::uint8_t synchronized;  ///< 1: it holds every tree that it knows of
  std::uint8_t name_length;
};

/// join: multicast before the first heartbeat. The name's bytes follow.
struct Join {
  std::uint8_t name_length;
};

enum class RefuseReason : std::uint8_t { name_in_use = 1, stale_incarnation = 2, cluster_full = 3 };

/// An address on the wire: of IPv6 or, as ::ffff:a.b.c.d, of IPv4.
struct Address {
  std::array<std::uint8_t, 16> address;  ///< network byte order
  Le16 port;
};

/// refuse: to a joiner. stale_incarnation: come back with more than known_incarnation.
/// name_in_use: by whoever is at `holder`, which may be another than the sender.
struct Refuse {
  std::uint8_t reason;
  Le64 known_incarnation;
  Address holder;
};

/// removed: to a member that was removed and still speaks. It comes back as a higher incarnation.
struct Removed {
  Le64 incarnation;
};

/// probe: "are you there?". The answer goes back the way the probe came; `origin` is who asked
/// first.
struct Probe {
  Le64 nonce;
  Address origin;
};

/// probe_ack: from the subject, or passed on by the helper that probed for `origin`.
struct ProbeAck {
  Le64 nonce;
  Le64 subject;
  Le64 subject_incarnation;
  Address origin;
};

/// probe_request: "I cannot hear the subject; ask it for me".
struct ProbeRequest {
  Le64 nonce;
  Le64 subject;
  Le64 subject_incarnation;
  Address subject_address;
};

/// introduction_request: "where are the members that I may not know?". Only addresses after this
/// one, by address and then port, are asked for.
struct IntroductionRequest {
  Le64 nonce;  ///< echoed in the answer
  Address after;
};

inline constexpr std::uint8_t introduction_last = 1;  ///< nothing is left to ask for
/// introduction: `count` addresses follow, in ascending order. Who they are their own heartbeats
/// say.
struct Introduction {
  Le64 nonce;
  std::uint8_t flags;
  Le16 count;
};

/// clear withdraws everything that the tree holds.
enum class ChangeKind : std::uint8_t { bind = 1, withdraw = 2, clear = 3 };

inline constexpr std::uint8_t change_more = 1;  ///< becomes visible together with the next change
/// One change of a tree, or a piece of it: the path and `length` bytes of its content follow. The
/// content is the attributes and then the value; it may be cut over packets, the attributes not.
struct Change {
  Le64 version;  ///< the tree's version that this change made
  std::uint8_t kind;
  std::uint8_t flags;
  std::uint8_t path_length;  ///< 0 for clear
  Le16 attribute_bytes;
  Le32 value_bytes;  ///< of the whole change; both 0 unless it binds
  Le32 offset;       ///< of this piece within the content
  Le16 length;
};

/// advertisement: multicast by the owner; `changes` follow, versions base+1, base+2 … up to
/// to_version. Only the first may continue a change, only the last may be incomplete.
struct Advertisement {
  Le64 base_version;
  Le64 to_version;
  Le16 changes;
};

enum class SyncScope : std::uint8_t { owner = 1, everything = 2 };

/// sync_request: to an owner (or to any member that holds the owner's tree): "what did I miss?".
/// The answer is at most `pages` packets: the requester sets the pace.
struct SyncRequest {
  Le32 request;  ///< echoed in each page of the answer
  std::uint8_t scope;
  std::uint8_t pages;   ///< at least 1
  Le64 owner;           ///< scope everything: resume at this owner, in ascending order of ids
  Le64 incarnation;     ///< of that owner; 0 where the requester does not know it
  Le64 since_version;   ///< 0: nothing held, send the whole tree
  Le64 cursor_version;  ///< the last change received whole; since_version at first
  Le64 part_version;    ///< the change after it of which a part was received; 0: none
  Le32 part_offset;     ///< how much of it
};

inline constexpr std::uint8_t answer_last = 1;  ///< nothing is left to ask for
inline constexpr std::uint8_t answer_end = 2;   ///< this answer has no further page
/// sync_answer: one page of an answer; `sections` follow, each about one owner.
struct SyncAnswer {
  Le32 request;
  std::uint8_t page;  ///< 0, 1, 2 … within this answer
  std::uint8_t flags;
  std::uint8_t sections;
};

inline constexpr std::uint8_t section_complete = 1;  ///< reaches to_version with this section
/// One owner's part of a page; `changes` follow in ascending order of version. Only the
/// latest change of each path is there: applied together they turn the tree at base_version
/// into the tree at to_version. Only the first may continue a change, only the last may be
/// incomplete.
struct Section {
  Le64 owner;
  Le64 incarnation;
  Le64 base_version;    ///< 0: from nothing; else the request's since_version
  Le64 cursor_version;  ///< changes after this one; a page that does not continue mine is dropped
  Le64 to_version;
  Le64 floor_version;  ///< withdrawals up to this one are forgotten
  Le64 digest;         ///< of the tree at to_version
  std::uint8_t flags;
  Le16 changes;
};

/// From each member to each other.
inline constexpr std::size_t channels = 16;
/// Of the selective acknowledgement in one packet.
inline constexpr std::size_t selective_words_max = 16;

/// Of the time that a member's loops were away, all together, since it began; modulo 2^16.
inline constexpr std::uint64_t away_unit_ns = 1 << 14;

/// session: one channel between two incarnations, reliable and in order. Messages follow; none:
/// only an acknowledgement (sequence 0). After them come `selective_words` Le64.
struct Session {
  Le64 receiver_incarnation;
  Le32 sequence;        ///< of this packet in its channel: 1, 2, 3 … ; 0: carries no message
  Le32 acknowledged;    ///< the receiver's application has all up to here
  Le16 window_packets;  ///< how many packets after `acknowledged` the sender of this can hold
  Le16 messages;        ///< or pieces of one
  Le16 away;            ///< for how long the sender of this was away: see away_unit_ns
  std::uint8_t channel;
  std::uint8_t selective_words;  ///< bit i of all words: acknowledged + 1 + i is here as well
};

enum class MessageKind : std::uint8_t { data = 1, request = 2, response = 3 };
enum class CallStatus : std::uint8_t { ok = 0, no_such_service = 1, failed = 2, refused = 3 };

/// The payload of a message, in all its pieces.
inline constexpr std::uint32_t message_bytes_max = std::uint32_t{16} << 20;

inline constexpr std::uint8_t piece_continues = 1;  ///< not the first piece of its message
inline constexpr std::uint8_t piece_more = 2;       ///< not the last
/// A message, or a piece of one that does not fit its packet. In the first piece follow, in this
/// order: a Le32, the bytes of the whole payload, if there are more pieces; for a request and a
/// response a Call; for a request the service's path. Then the payload.
struct Message {
  std::uint8_t kind;
  std::uint8_t flags;
  Le16 payload_bytes;  ///< of this piece
};

struct Call {
  Le64 call;            ///< chosen by the caller, echoed in the response
  std::uint8_t detail;  ///< request: the length of the path; response: a CallStatus
};

/// publication: a packet of a topic's stream, with the same bytes for all its subscribers. Messages
/// of kind data follow, where they stand in a session packet.
struct Publication {
  Le64 topic;            ///< its number at the publisher; never used again in one incarnation
  Le32 sequence;         ///< of this packet in the stream: 1, 2, 3 … ; never 0
  Le32 report_delay_us;  ///< a subscriber reports no later than this after a packet
  Le16 report_packets;   ///< and after so many
  Le16 messages;         ///< or pieces of one
  Le32 reserved;
};

enum class PositionKind : std::uint8_t { follows = 0, dropped = 1, asks = 2 };
/// position: from a publisher to one subscriber, until that has reported the turn: where its stream
/// begins, or goes on; or whether there is room for it now.
struct Position {
  Le64 receiver_incarnation;
  Le64 topic;
  Le64 subscription;  ///< its number at the subscriber
  Le64 turn;          ///< grows with each position that the publisher gives to anybody
  Le64 first;         ///< the first packet that it is still sent, counted from 1 and not wrapped
  std::uint8_t kind;
};
inline constexpr std::uint64_t position_first_max = std::uint64_t{1} << 62;

enum class ReportKind : std::uint8_t { follows = 0, refuses = 1 };
/// report: from a subscriber to a publisher, what a session packet acknowledges of a channel, of a
/// topic. `selective_words` Le64 follow.
struct Report {
  Le64 receiver_incarnation;
  Le64 topic;
  Le64 turn;  ///< of the last position heard
  Le32 acknowledged;
  Le16 window_packets;
  Le16 away;
  std::uint8_t kind;
  std::uint8_t selective_words;
};

/// path_probe: "does a packet of this length arrive?". Zeros follow.
struct PathProbe {
  Le64 nonce;
  Le16 bytes;  ///< of the whole payload, the header included
};

/// path_answer: shorter than whatever it answers.
struct PathAnswer {
  Le64 nonce;
};

template <class T, std::size_t bytes>
inline constexpr bool packed = sizeof(T) == bytes && alignof(T) == 1;

static_assert(packed<Header, 56>);
static_assert(offsetof(Header, cluster) == 8 && offsetof(Header, tag) == 40);
static_assert(packed<UnsupportedVersion, 2> && packed<Heartbeat, 28> && packed<Join, 1>);
static_assert(packed<Refuse, 27> && packed<Removed, 8> && packed<Address, 18> && packed<Probe, 26>);
static_assert(packed<ProbeAck, 42> && packed<ProbeRequest, 42> && packed<Change, 23>);
static_assert(packed<Advertisement, 18> && packed<SyncRequest, 50> && packed<SyncAnswer, 7>);
static_assert(packed<IntroductionRequest, 26> && packed<Introduction, 11>);
static_assert(packed<Publication, 24> && packed<Position, 41> && packed<Report, 34>);
static_assert(packed<PathProbe, 10> && packed<PathAnswer, 8>);
static_assert(sizeof(Publication) == sizeof(Session) &&
              offsetof(Publication, messages) == offsetof(Session, messages));
static_assert(packed<Section, 59> && packed<Session, 24> && packed<Message, 4> && packed<Call, 9>);

}  // namespace muster::wire
