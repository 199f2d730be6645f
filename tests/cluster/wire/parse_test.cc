#include "cluster/wire/parse.h"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/types.h"
#include "tests/cluster/wire/draft.h"

namespace muster::wire {
namespace {

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

Draft introduction(std::initializer_list<Address> addresses, std::uint8_t flags) {
  Draft packet(Type::introduction);
  packet.add(Introduction{
      .nonce = 1, .flags = flags, .count = static_cast<std::uint16_t>(addresses.size())});
  for (const Address& address : addresses) packet.add(address);
  return packet;
}
Address at(std::uint32_t host, std::uint16_t port) { return address_of({host, port}); }
Draft introduction() { return introduction({at(1, 9), at(2, 7)}, 0); }

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
  EXPECT_TRUE(rejected(introduction({at(2, 7), at(1, 9)}, 0)));
  EXPECT_TRUE(rejected(introduction({at(2, 7), at(2, 7)}, 0)));
  EXPECT_TRUE(rejected(introduction({}, 0))) << "asking on would never end";
  EXPECT_FALSE(rejected(introduction({}, introduction_last)));
}

TEST(Parse, RejectsEveryTruncationAndEveryTrailingByte) {
  for (const auto& whole : {heartbeat(), advertisement(), answer(), introduction()})
    nothing_else_is_sound(whole);
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

}  // namespace
}  // namespace muster::wire
