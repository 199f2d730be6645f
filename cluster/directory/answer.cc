#include "cluster/directory/answer.h"

#include <algorithm>

#include "cluster/mtu.h"
#include "cluster/outbox.h"
#include "cluster/wire/path.h"

namespace muster {
namespace {

/// Before the first change of a packet stands no more than this.
constexpr std::size_t front_bytes_max =
    sizeof(wire::Header) + sizeof(wire::SyncAnswer) + sizeof(wire::Section);
static_assert(sizeof(wire::Advertisement) <= sizeof(wire::SyncAnswer) + sizeof(wire::Section));
/// All attributes of a change stand in its first piece (docs/protocol.md §6.2).
static_assert(front_bytes_max + sizeof(wire::Change) + wire::path_bytes_max +
                  Attributes::bytes_max + 1 <=
              payload_bytes_of(mtu_min));

ChangeRecord record_of(const TreeEntry& entry) {
  return {.version = entry.version,
          .kind = entry.bound ? wire::ChangeKind::bind : wire::ChangeKind::withdraw,
          .more = false,
          .path = entry.path,
          .content = entry.contents,
          .attribute_bytes = entry.attribute_bytes};
}

/// Where to go on in `entry`: what the reader has of it, if it is still the same change.
std::size_t offset_in(const TreeEntry& entry, const Place& place) {
  const bool continues = entry.version == place.part_version &&
                         place.part_offset >= entry.attribute_bytes &&
                         place.part_offset < entry.contents.size();
  return continues ? place.part_offset : 0;
}

}  // namespace

std::optional<std::size_t> append_change(Packet& packet, const ChangeRecord& change,
                                         std::size_t offset, bool first) {
  const std::size_t fixed = sizeof(wire::Change) + change.path.size();
  const std::size_t left = change.content.size() - offset;
  const std::size_t room = packet.capacity - packet.size;
  if (fixed > room) return std::nullopt;
  const std::size_t piece = std::min({left, room - fixed, std::size_t{UINT16_MAX}});
  if (piece < left) {
    if (!first && front_bytes_max + fixed + left <= packet.capacity) return std::nullopt;
    if (piece == 0 || offset + piece < change.attribute_bytes) return std::nullopt;
  }
  append(packet, wire::Change{.version = change.version,
                              .kind = static_cast<std::uint8_t>(change.kind),
                              .flags = change.more ? wire::change_more : std::uint8_t{0},
                              .path_length = static_cast<std::uint8_t>(change.path.size()),
                              .attribute_bytes = static_cast<std::uint16_t>(change.attribute_bytes),
                              .value_bytes = static_cast<std::uint32_t>(change.content.size() -
                                                                        change.attribute_bytes),
                              .offset = static_cast<std::uint32_t>(offset),
                              .length = static_cast<std::uint16_t>(piece)});
  append(packet, std::as_bytes(std::span(change.path)));
  append(packet, change.content.subspan(offset, piece));
  return offset + piece;
}

Written append_section(Packet& packet, const MemberKey& owner, const Tree& tree, Place& place) {
  if (place.since > tree.version() || place.cursor > tree.version()) return Written::nothing;
  // A reader that fetches the whole tree goes on: only it knows at which version it began.
  if (place.since > 0 && place.cursor < tree.floor()) place = {};

  if (packet.size + sizeof(wire::Section) > packet.capacity) return Written::nothing;
  auto& section = append(packet, wire::Section{.owner = static_cast<std::uint64_t>(owner.id),
                                               .incarnation = owner.incarnation,
                                               .base_version = place.since,
                                               .cursor_version = place.cursor,
                                               .to_version = tree.version(),
                                               .floor_version = tree.floor(),
                                               .digest = tree.digest(),
                                               .flags = 0,
                                               .changes = 0});
  std::uint16_t written = 0;
  for (auto entry = tree.after(place.cursor); entry != tree.end(); ++entry) {
    const std::size_t offset = written == 0 ? offset_in(*entry, place) : 0;
    const auto end = append_change(packet, record_of(*entry), offset, written == 0);
    if (!end) {
      if (written > 0) return Written::partly;
      packet.size -= static_cast<std::uint32_t>(sizeof(wire::Section));
      return Written::nothing;
    }
    section.changes = ++written;
    if (*end < entry->contents.size()) {
      place.part_version = entry->version;
      place.part_offset = *end;
      return Written::partly;
    }
    place.cursor = entry->version;
    place.part_version = place.part_offset = 0;
  }
  section.flags = wire::section_complete;
  return Written::complete;
}

}  // namespace muster
