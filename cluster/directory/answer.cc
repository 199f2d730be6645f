#include "cluster/directory/answer.h"

#include <algorithm>

#include "cluster/outbox.h"

namespace muster {

void append_change(Packet& packet, Version version, wire::ChangeKind kind, std::string_view path,
                   std::span<const std::byte> value) {
  append(packet, wire::Change{.version = version,
                              .kind = static_cast<std::uint8_t>(kind),
                              .path_length = static_cast<std::uint8_t>(path.size()),
                              .value_length = static_cast<std::uint16_t>(value.size())});
  append(packet, std::as_bytes(std::span(path)));
  append(packet, value);
}

Written append_section(Packet& packet, const MemberKey& owner, const Tree& tree, Version since,
                       Version cursor) {
  if (since > tree.version() || cursor > tree.version()) return Written::nothing;
  // A reader that fetches the whole tree goes on: only it knows at which version it began.
  if (since > 0 && cursor < tree.floor()) since = cursor = 0;

  if (packet.size + sizeof(wire::Section) > packet.capacity) return Written::nothing;
  auto& section = append(packet, wire::Section{.owner = static_cast<std::uint64_t>(owner.id),
                                               .incarnation = owner.incarnation,
                                               .base_version = since,
                                               .cursor_version = cursor,
                                               .to_version = tree.version(),
                                               .floor_version = tree.floor(),
                                               .digest = tree.digest(),
                                               .flags = 0,
                                               .changes = 0});
  std::uint16_t written = 0;
  for (auto entry = tree.after(cursor); entry != tree.end(); ++entry, ++written) {
    if (packet.size + change_bytes(entry->path, entry->value.size()) > packet.capacity) {
      section.changes = written;
      if (written > 0) return Written::partly;
      packet.size -= static_cast<std::uint32_t>(sizeof(wire::Section));
      return Written::nothing;
    }
    const auto kind = entry->bound ? wire::ChangeKind::bind : wire::ChangeKind::withdraw;
    append_change(packet, entry->version, kind, entry->path, entry->value);
  }
  section.changes = written;
  section.flags = wire::section_complete;
  return Written::complete;
}

}  // namespace muster
