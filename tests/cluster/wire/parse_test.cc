#include "cluster/wire/parse.h"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/types.h"

namespace muster::wire {
namespace {

constexpr std::uint64_t cluster = 42;

/// Builds packets byte by byte, right or wrong.
class Draft {
 public:
  explicit Draft(Type type) {
    add(Header{.magic = magic,
               .version = version,
               .oldest_version = oldest_version,
               .type = static_cast<std::uint8_t>(type),
               .flags = 0,
               .cluster = cluster,
               .sender = 7,
               .incarnation = 3,
               .packet_number = 1,
               .tag = {}});
  }
  template <class T>
  Draft& add(const T& part) {
    bytes_.resize(bytes_.size() + sizeof part);
    std::memcpy(bytes_.data() + bytes_.size() - sizeof part, &part, sizeof part);
    return *this;
  }
  Draft& add(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return *this;
  }
  Draft& change(std::uint64_t change_version, ChangeKind kind, std::string_view path,
                std::string_view value) {
    return piece(change_version, kind, path, "", value.size(), 0, value);
  }
  /// `content` stands at `offset` of the attributes and the value.
  Draft& piece(std::uint64_t change_version, ChangeKind kind, std::string_view path,
               std::string_view attributes, std::size_t value_bytes, std::size_t offset,
               std::string_view content, std::uint8_t flags = 0) {
    add(Change{.version = change_version,
               .kind = static_cast<std::uint8_t>(kind),
               .flags = flags,
               .path_length = static_cast<std::uint8_t>(path.size()),
               .attribute_bytes = static_cast<std::uint16_t>(attributes.size()),
               .value_bytes = static_cast<std::uint32_t>(value_bytes),
               .offset = static_cast<std::uint32_t>(offset),
               .length = static_cast<std::uint16_t>(content.size())});
    return add(path).add(content);
  }
  std::vector<std::byte>& bytes() { return bytes_; }
  Header& header() { return *reinterpret_cast<Header*>(bytes_.data()); }

 private:
  std::vector<std::byte> bytes_;
};

std::optional<Reject> parse(Draft& packet) {
  Parsed out;
  return wire::parse(packet.bytes(), cluster, out);
}

Draft heartbeat() {
  Draft packet(Type::heartbeat);
  packet.add(Heartbeat{.directory_version = 5,
                       .directory_digest = 6,
                       .view_digest = 7,
                       .members_alive = 2,
                       .synchronized = 1,
                       .name_length = 3});
  packet.add(std::string_view("ann"));
  return packet;
}

Draft advertisement() {
  Draft packet(Type::advertisement);
  packet.add(Advertisement{.base_version = 4, .to_version = 6, .changes = 2});
  packet.change(5, ChangeKind::bind, "/a", "one").change(6, ChangeKind::withdraw, "/b/c", "");
  return packet;
}

Draft answer() {
  Draft packet(Type::sync_answer);
  packet.add(SyncAnswer{.request = 9, .page = 0, .flags = answer_last, .sections = 2});
  packet.add(Section{.owner = 1,
                     .incarnation = 1,
                     .base_version = 0,
                     .cursor_version = 0,
                     .to_version = 8,
                     .floor_version = 0,
                     .digest = 0,
                     .flags = section_complete,
                     .changes = 2});
  packet.change(3, ChangeKind::bind, "/x", "1").change(8, ChangeKind::bind, "/y", "22");
  packet.add(Section{.owner = 2,
                     .incarnation = 1,
                     .base_version = 1,
                     .cursor_version = 1,
                     .to_version = 1,
                     .floor_version = 0,
                     .digest = 0,
                     .flags = section_complete,
                     .changes = 0});
  return packet;
}

Draft session() {
  Draft packet(Type::session);
  packet.add(Session{.receiver_incarnation = 1,
                     .sequence = 1,
                     .acknowledged = 0,
                     .selective = 0,
                     .window_packets = 64,
                     .messages = 3});
  const auto message = [&](MessageKind kind, std::string_view path, std::string_view payload) {
    packet.add(Message{.kind = static_cast<std::uint8_t>(kind),
                       .path_length = static_cast<std::uint8_t>(path.size()),
                       .payload_length = static_cast<std::uint16_t>(payload.size())});
    if (kind != MessageKind::data) packet.add(Call{.call = 77, .status = 0});
    packet.add(path).add(payload);
  };
  message(MessageKind::data, "", "hello");
  message(MessageKind::request, "/echo", "ping");
  message(MessageKind::response, "", "pong");
  return packet;
}

Draft introduction(std::initializer_list<Address> addresses, std::uint8_t flags) {
  Draft packet(Type::introduction);
  packet.add(Introduction{
      .nonce = 1, .flags = flags, .count = static_cast<std::uint16_t>(addresses.size())});
  for (const Address& address : addresses) packet.add(address);
  return packet;
}
Draft introduction() {
  return introduction({{.address = 1, .port = 9}, {.address = 2, .port = 7}}, 0);
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Parse, ReadsAHeartbeat) {
  auto packet = heartbeat();
  Parsed out;
  ASSERT_EQ(wire::parse(packet.bytes(), cluster, out), std::nullopt);
  const auto& view = std::get<HeartbeatView>(out.body);
  EXPECT_EQ(view.name, "ann");
  EXPECT_EQ(view.body->directory_version, 5u);
  EXPECT_EQ(sender_of(*out.header), (MemberKey{MemberId{7}, 3}));
}

TEST(Parse, ReadsTheChangesOfAnAdvertisement) {
  auto packet = advertisement();
  Parsed out;
  ASSERT_EQ(wire::parse(packet.bytes(), cluster, out), std::nullopt);
  std::vector<ChangeView> changes;
  for (const auto& change : std::get<AdvertisementView>(out.body).changes)
    changes.push_back(change);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].path, "/a");
  EXPECT_EQ(text_of(changes[0].piece), "one");
  EXPECT_EQ(changes[1].kind, ChangeKind::withdraw);
  EXPECT_EQ(changes[1].version, 6u);
}

TEST(Parse, ReadsSectionsOneAfterTheOther) {
  auto packet = answer();
  Parsed out;
  ASSERT_EQ(wire::parse(packet.bytes(), cluster, out), std::nullopt);
  std::vector<std::uint64_t> owners;
  std::size_t changes = 0;
  for (const auto& section : std::get<SyncAnswerView>(out.body).sections) {
    owners.push_back(section.head->owner);
    for (const auto& change : section.changes) changes += change.path.size() / 2;
  }
  EXPECT_EQ(owners, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(changes, 2u);
}

// docs/protocol.md §8.1.
TEST(Parse, ReadsMessagesOfEachKind) {
  auto packet = session();
  Parsed out;
  ASSERT_EQ(wire::parse(packet.bytes(), cluster, out), std::nullopt);
  std::vector<MessageView> messages;
  for (const auto& message : std::get<SessionView>(out.body).messages) messages.push_back(message);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(text_of(messages[0].payload), "hello");
  EXPECT_EQ(messages[1].path, "/echo");
  EXPECT_EQ(messages[1].call, 77u);
  EXPECT_EQ(text_of(messages[2].payload), "pong");
}

TEST(Parse, ReadsTheAddressesOfAnIntroduction) {
  auto packet = introduction();
  Parsed out;
  ASSERT_EQ(wire::parse(packet.bytes(), cluster, out), std::nullopt);
  const auto& view = std::get<IntroductionView>(out.body);
  ASSERT_EQ(view.addresses.size(), 2u);
  EXPECT_EQ(endpoint_of(view.addresses[1]), (Endpoint{2, 7}));
}

TEST(Parse, RejectsAnIntroductionThatDoesNotAscendOrLeadsNowhere) {
  const auto rejected = [](Draft packet) { return parse(packet) == Reject::malformed; };
  EXPECT_TRUE(rejected(introduction({{.address = 2, .port = 7}, {.address = 1, .port = 9}}, 0)));
  EXPECT_TRUE(rejected(introduction({{.address = 2, .port = 7}, {.address = 2, .port = 7}}, 0)));
  EXPECT_TRUE(rejected(introduction({}, 0))) << "asking on would never end";
  EXPECT_FALSE(rejected(introduction({}, introduction_last)));
}

TEST(Parse, RejectsEveryTruncationAndEveryTrailingByte) {
  for (auto whole : {heartbeat(), advertisement(), answer(), session(), introduction()}) {
    ASSERT_EQ(parse(whole), std::nullopt);
    for (std::size_t length = 0; length < whole.bytes().size(); ++length) {
      // A copy of exact size, so that a sanitizer sees every read past the end.
      const std::vector<std::byte> cut(whole.bytes().begin(),
                                       whole.bytes().begin() + static_cast<std::ptrdiff_t>(length));
      Parsed out;
      EXPECT_NE(wire::parse(cut, cluster, out), std::nullopt) << length;
    }
    whole.bytes().push_back(std::byte{0});
    EXPECT_EQ(parse(whole), Reject::malformed);
  }
}

// docs/protocol.md §2.3.
TEST(Parse, TellsApartWhyAPacketIsNotForUs) {
  auto packet = heartbeat();
  packet.header().magic = 1;
  EXPECT_EQ(parse(packet), Reject::not_ours);
  packet = heartbeat();
  packet.header().cluster = cluster + 1;
  EXPECT_EQ(parse(packet), Reject::foreign_cluster);
  packet = heartbeat();
  packet.header().type = type_last + 1;
  EXPECT_EQ(parse(packet), Reject::unknown_type);
  packet = heartbeat();
  packet.bytes().resize(sizeof(Header) - 1);
  EXPECT_EQ(parse(packet), Reject::too_short);
}

// docs/protocol.md §2.4.
TEST(Parse, RefusesVersionsThatDoNotOverlapWithOurs) {
  auto newer = heartbeat();
  newer.header().version = version + 3;
  newer.header().oldest_version = version + 1;
  EXPECT_EQ(parse(newer), Reject::unsupported_version);
  newer.header().oldest_version = version;
  EXPECT_EQ(parse(newer), std::nullopt) << "a newer member that still understands us";

  Draft notice(Type::unsupported_version);
  notice.add(UnsupportedVersion{.version = 1, .oldest_version = 1});
  notice.header().version = version + 3;
  notice.header().oldest_version = version + 1;
  EXPECT_EQ(parse(notice), std::nullopt) << "the notice itself is read in any version";
}

TEST(Parse, DemandsEachVersionOfAnAdvertisement) {
  Draft skips(Type::advertisement);
  skips.add(Advertisement{.base_version = 4, .to_version = 6, .changes = 1});
  skips.change(6, ChangeKind::bind, "/a", "");
  EXPECT_EQ(parse(skips), Reject::malformed);

  Draft ends_early(Type::advertisement);
  ends_early.add(Advertisement{.base_version = 4, .to_version = 6, .changes = 1});
  ends_early.change(5, ChangeKind::bind, "/a", "");
  EXPECT_EQ(parse(ends_early), Reject::malformed);

  Draft backwards(Type::advertisement);
  backwards.add(Advertisement{.base_version = 6, .to_version = 6, .changes = 0});
  EXPECT_EQ(parse(backwards), Reject::malformed);
}

TEST(Parse, RefusesPathsThatAreNone) {
  for (const std::string_view path : {"", "a", "/", "//a", "/a/", "/a//b", "/a\nb"}) {
    Draft packet(Type::advertisement);
    packet.add(Advertisement{.base_version = 0, .to_version = 1, .changes = 1});
    packet.change(1, ChangeKind::bind, path, "");
    EXPECT_EQ(parse(packet), Reject::malformed) << '"' << path << '"';
  }
}

TEST(Parse, RefusesAWithdrawalWithAValue) {
  Draft packet(Type::advertisement);
  packet.add(Advertisement{.base_version = 0, .to_version = 1, .changes = 1});
  packet.change(1, ChangeKind::withdraw, "/a", "x");
  EXPECT_EQ(parse(packet), Reject::malformed);
}

TEST(Parse, RefusesASectionWhoseVersionsDoNotAscend) {
  Draft packet(Type::sync_answer);
  packet.add(SyncAnswer{.request = 9, .page = 0, .flags = 0, .sections = 1});
  packet.add(Section{.owner = 1,
                     .incarnation = 1,
                     .base_version = 0,
                     .cursor_version = 3,
                     .to_version = 8,
                     .floor_version = 0,
                     .digest = 0,
                     .flags = 0,
                     .changes = 1});
  packet.change(3, ChangeKind::bind, "/x", "1");
  EXPECT_EQ(parse(packet), Reject::malformed) << "the cursor says that 3 was received";
}

TEST(Parse, RefusesASessionThatCountsMessagesInAnAcknowledgement) {
  Draft packet(Type::session);
  packet.add(Session{.receiver_incarnation = 1,
                     .sequence = 0,
                     .acknowledged = 0,
                     .selective = 0,
                     .window_packets = 64,
                     .messages = 1});
  packet.add(Message{.kind = 1, .path_length = 0, .payload_length = 0});
  EXPECT_EQ(parse(packet), Reject::malformed);
}

}  // namespace
}  // namespace muster::wire
