// Writes the corpora anew, from the packets of simulated clusters: to be run when the layout
// changes. For the parser a packet of each type and size class; for the member the packets that
// one of them received, in order, as fuzz_member reads them: a configuration and records. What is
// not written anew can be removed.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cluster/publishing/role.h"
#include "cluster/wire/parse.h"
#include "tests/sim/run.h"

namespace {

using namespace muster;

constexpr std::uint64_t session_bytes_max = 3'500;
constexpr std::size_t of_each_type_max = 8;  // in a session: its rarer packets find room too
constexpr std::size_t small_bytes_max = 128;
// Records of fuzz_member.
constexpr std::uint8_t addressed = 1, expected = 2, after = 4, transmit = 6, bind = 7, several = 8,
                       send = 9, lag = 11, from_own_address = 12, take_part = 14, publish = 15;
constexpr std::uint64_t seeds = 60;
constexpr std::uint64_t sessions = 16;  // of the first seeds

constexpr std::uint64_t members = 5;

template <class... Parts>
std::vector<std::byte> packet_of(wire::Type type, std::uint64_t sender, const Parts&... parts) {
  wire::Header header{};
  header.type = static_cast<std::uint8_t>(type);
  header.sender = sender;  // fuzz_member makes a member of it, and numbers the changes
  std::vector<std::byte> bytes;
  const auto put = [&](const auto& part) {
    const auto of = std::as_bytes(std::span(&part, 1));
    bytes.insert(bytes.end(), of.begin(), of.end());
  };
  put(header);
  (put(parts), ...);
  return bytes;
}
/// What many miss at once: what follows the first version of the fuzzed member's tree.
std::vector<std::byte> request_of(std::uint64_t sender) {
  wire::SyncRequest request{};
  request.scope = static_cast<std::uint8_t>(wire::SyncScope::owner);
  request.pages = 1;
  request.owner = static_cast<std::uint64_t>(member_id("m0"));
  request.incarnation = 1000;
  request.since_version = request.cursor_version = 1;
  return packet_of(wire::Type::sync_request, sender, request);
}
std::vector<std::byte> bind_of(std::uint64_t sender, char name) {
  wire::Advertisement head{};
  head.changes = 1;
  wire::Change change{};
  change.kind = static_cast<std::uint8_t>(wire::ChangeKind::bind);
  change.path_length = 2;
  change.value_bytes = 1;
  change.length = 1;
  return packet_of(wire::Type::advertisement, sender, head, change,
                   std::array{'/', name, name});  // the path, and the value
}
/// It takes a part in topic "/a".
std::vector<std::byte> role_of(std::uint64_t sender, const std::string& path,
                               const AttributeSet& role) {
  wire::Advertisement head{};
  head.changes = 1;
  const auto attributes = role.view().bytes();
  wire::Change change{};
  change.kind = static_cast<std::uint8_t>(wire::ChangeKind::bind);
  change.path_length = static_cast<std::uint8_t>(path.size());
  change.attribute_bytes = static_cast<std::uint16_t>(attributes.size());
  change.length = static_cast<std::uint16_t>(attributes.size());
  std::vector<std::byte> bytes = packet_of(wire::Type::advertisement, sender, head, change);
  const auto name = std::as_bytes(std::span(path));
  bytes.insert(bytes.end(), name.begin(), name.end());
  bytes.insert(bytes.end(), attributes.begin(), attributes.end());
  return bytes;
}
/// fuzz_member makes it one of the first topic, near to what comes next.
std::vector<std::byte> publication_of(std::uint64_t sender, std::uint32_t ahead,
                                      std::uint8_t flags) {
  wire::Publication publication{};
  publication.sequence = ahead;
  publication.report_delay_us = 10;
  publication.report_packets = 2;
  publication.messages = 1;
  wire::Message message{};
  message.kind = static_cast<std::uint8_t>(wire::MessageKind::data);
  message.flags = flags;
  message.payload_bytes = 2;
  const std::array payload{'x', 'y'};
  if (flags != wire::piece_more)
    return packet_of(wire::Type::publication, sender, publication, message, payload);
  return packet_of(wire::Type::publication, sender, publication, message, wire::Le32(4), payload);
}
std::vector<std::byte> position_of(std::uint64_t sender, std::uint64_t turn, std::uint8_t kind) {
  wire::Position position{};
  position.turn = turn;
  position.first = turn;
  position.kind = kind;
  return packet_of(wire::Type::position, sender, position);
}
/// Some refuse at first, and have room when they are asked.
std::vector<std::byte> report_of(std::uint64_t sender, std::uint32_t behind) {
  wire::Report report{};
  const bool refuses = behind == 0 && sender % 2 == 1;
  report.kind =
      static_cast<std::uint8_t>(refuses ? wire::ReportKind::refuses : wire::ReportKind::follows);
  report.acknowledged = behind;
  report.window_packets = 4;
  report.selective_words = 1;
  return packet_of(wire::Type::report, sender, report, wire::Le64(behind > 1 ? 2 : 0));
}

/// It withdraws everything.
std::vector<std::byte> clear_of(std::uint64_t sender) {
  wire::Advertisement head{};
  head.changes = 1;
  wire::Change change{};
  change.kind = static_cast<std::uint8_t>(wire::ChangeKind::clear);
  return packet_of(wire::Type::advertisement, sender, head, change);
}

/// A packet of messages with one piece, which acknowledges what was sent last but `held`, and those
/// selectively.
std::vector<std::byte> piece_of(std::uint64_t sender, wire::MessageKind kind, std::uint8_t flags,
                                std::uint32_t held) {
  wire::Session session{};
  session.sequence = 8;  // fuzz_member makes it the next one
  session.acknowledged = held;
  session.window_packets = 4;
  session.messages = 1;
  session.channel = static_cast<std::uint8_t>(sender % 3);
  session.selective_words = 1;
  wire::Message message{};
  message.kind = static_cast<std::uint8_t>(kind);
  message.flags = flags;
  message.payload_bytes = 2;
  const std::array payload{'x', 'y'};
  const wire::Le64 word((std::uint64_t{1} << held) - 1);
  if ((flags & wire::piece_continues) != 0)
    return packet_of(wire::Type::session, sender, session, message, payload, word);
  wire::Call call{};
  call.detail = kind == wire::MessageKind::request ? 2 : 0;
  const wire::Le32 message_bytes(4);
  if (kind == wire::MessageKind::data)
    return packet_of(wire::Type::session, sender, session, message, message_bytes, payload, word);
  if (kind == wire::MessageKind::response)
    return packet_of(wire::Type::session, sender, session, message, message_bytes, call, payload,
                     word);
  return packet_of(wire::Type::session, sender, session, message, message_bytes, call,
                   std::array{'/', 'a'}, payload, word);
}

class Recorder final : public sim::Mutation {
 public:
  explicit Recorder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void arriving(std::size_t server, std::span<std::byte> bytes) override {
    wire::Parsed parsed;
    if (wire::parse(bytes, cluster_id("simulated"), parsed)) return;  // garbage
    const std::uint8_t type = parsed.header->type;
    constexpr std::size_t size_class = 400;
    if (kinds_.insert({type, bytes.size() / size_class}).second)
      write(fmt::format("parse/type-{}-{}", type, bytes.size()), {bytes.begin(), bytes.end()});
    if (bytes.size() <= small_bytes_max)
      small_.try_emplace(type, std::vector<std::byte>(bytes.begin(), bytes.end()));
    if (server == 0) record(bytes);
  }
  /// Each of the configurations that fuzz_member knows, in turn. At its end a session has a small
  /// packet of each type, from a member: the rare ones would seldom be there. What they remove, the
  /// own names included, goes in steps, which wait for an application that lags.
  void finish(std::uint64_t seed) {
    for (char name = 'a'; name <= 'h'; ++name) put_bind(name);
    put(transmit);
    for (std::size_t from = 0; from < members; ++from) put_bytes(expected, request_of(from));
    put_time();
    for (std::size_t from = 0; from < members; ++from) {
      for (char name = 'a'; name <= 'e'; ++name) put_bytes(expected, bind_of(from, name));
      if (from % 2 == 0)
        put_bytes(expected, clear_of(from));  // the others leave with what they have
    }
    put_time();
    put_messages();
    put_topics(seed);
    put(lag);
    for (const auto& [type, bytes] : small_) put_packet(expected, bytes);
    put(several, 0);  // withdraw all
    put_bind('a');
    put(lag);
    put_time();
    put_bytes(from_own_address, small_.begin()->second);
    write(fmt::format("member/session-{}", seed), session_);
    session_.clear();
    of_type_ = {};
    constexpr std::uint64_t configurations = 1 << 9, stride = 37;
    configuration_ = seed * stride % configurations;
  }

 private:
  void record(std::span<const std::byte> bytes) {
    if (session_.empty()) put(configuration_ & 0xff, configuration_ >> 8);
    if (session_.size() + bytes.size() > session_bytes_max) return;
    const std::uint8_t type = reinterpret_cast<const wire::Header*>(bytes.data())->type;
    if (++of_type_[type] > of_each_type_max) return;
    put_packet(addressed, bytes);
  }
  template <class... Bytes>
  void put(Bytes... values) {
    (session_.push_back(static_cast<std::byte>(values)), ...);
  }
  void put_bytes(std::uint8_t how, std::span<const std::byte> bytes) {
    put(how, bytes.size() & 0xff, bytes.size() >> 8);
    session_.insert(session_.end(), bytes.begin(), bytes.end());
  }
  void put_packet(std::uint8_t how, std::span<const std::byte> bytes) {
    put_bytes(how, bytes);
    put_time();
  }
  void put_time() {
    constexpr std::uint16_t time = 400;  // in the unit of fuzz_member
    put(after, time & 0xff, time >> 8, transmit);
  }
  /// From and to each member, whole and in pieces.
  void put_messages() {
    for (std::uint8_t to = 1; to <= members; ++to) {
      constexpr std::uint16_t large = 4'000;
      put(send, to, to, 3, 0, 1, 'a');
      put(send, to, to + 1, large & 0xff, large >> 8, 1, 'a');
    }
    put(transmit);
    for (std::uint64_t from = 0; from < members; ++from)
      for (const auto kind :
           {wire::MessageKind::data, wire::MessageKind::request, wire::MessageKind::response}) {
        put_packet(expected, piece_of(from, kind, wire::piece_more, 3));
        put_packet(expected, piece_of(from, kind, wire::piece_continues, 0));
      }
  }
  /// The first topic and the first subscription, of "/a", of a kind that the seed chooses;
  /// everybody else publishes it and subscribes to it too. At first nobody says what he has.
  void put_topics(std::uint64_t seed) {
    constexpr std::uint64_t kinds = 12;
    constexpr std::uint8_t a = 0, subscribe = 64;
    constexpr std::uint16_t large = 4'000;
    put(take_part, a, 2 * kinds + seed % kinds);  // two packets of history, one of lag
    put(take_part, a | subscribe, seed % 2);
    put_time();
    for (std::uint64_t from = 0; from < members; ++from) {
      const TopicKind kind = from % 3 == 2 ? TopicKind::unreliable : TopicKind::reliable;
      put_packet(expected, role_of(from, publisher_path("/a"), publisher_attributes(1, kind)));
      put_packet(expected,
                 role_of(from, subscriber_path("/a"), subscriber_attributes(1, From::history)));
    }
    for (std::uint64_t turn = 0; turn < 4; ++turn)
      for (std::uint64_t from = 0; from < members; ++from) {
        put(publish, 0, large & 0xff, large >> 8, publish, 0, 3, 0);
        put_packet(expected, position_of(from, turn, turn == 3 ? 1 : turn == 0 ? 2 : 0));
        put_packet(expected, publication_of(from, 1, 0));
        put_packet(expected, publication_of(from, 0, wire::piece_more));
        put_packet(expected, publication_of(from, 0, wire::piece_continues));
        put_packet(expected, report_of(from, static_cast<std::uint32_t>(turn)));
      }
  }
  void put_bind(char name) {
    put(bind, 1, name, 1, 0, name, 0);  // a path of one byte, a value of one, no attributes
  }
  void write(const std::string& name, const std::vector<std::byte>& bytes) {
    std::ofstream file(folder_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  std::filesystem::path folder_;
  std::set<std::pair<std::uint8_t, std::size_t>> kinds_;
  std::map<std::uint8_t, std::vector<std::byte>> small_;  // the first of each type
  std::uint64_t configuration_ = 0;
  std::array<std::size_t, UINT8_MAX + 1> of_type_{};
  std::vector<std::byte> session_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s tests/fuzz/corpus\n", argv[0]);
    return 2;
  }
  Recorder recorder(argv[1]);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    sim::run(seed, nullptr, &recorder);
    if (seed <= sessions) recorder.finish(seed);
  }
  return 0;
}
