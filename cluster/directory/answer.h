// Writes changes into packets: of advertisements, and of answers to synchronization requests, a
// page at a time. The one who answers remembers nothing: the request says where the last one ended.
#pragma once

#include <optional>

#include "cluster/directory/content.h"
#include "cluster/directory/tree.h"
#include "cluster/packet.h"
#include "cluster/types.h"

namespace muster {

/// Where the reader of one tree stands.
struct Place {
  Version since = 0;         ///< what the reader holds; 0: nothing
  Version cursor = 0;        ///< the last change received whole
  Version part_version = 0;  ///< the change of which a part was received; 0: none
  std::size_t part_offset = 0;

  bool operator==(const Place&) const = default;
};

enum class Written : std::uint8_t {
  nothing,   ///< no room left for it, or nothing to say to this reader
  partly,    ///< the packet is full, more changes are left
  complete,  ///< reaches the tree's version
};

/// Appends a section of `tree` with the changes after `place`, as many as fit, and moves `place`
/// behind them. Where tombstones are missing after what the reader has, it starts over with the
/// whole tree.
Written append_section(Packet& packet, const MemberKey& owner, const Tree& tree, Place& place);

/// A change to be written.
struct ChangeRecord {
  Version version;
  wire::ChangeKind kind;
  bool more;
  std::string_view path;
  std::span<const std::byte> content;
  std::size_t attribute_bytes;
};
/// Appends the change from `offset` of its content on, as much as fits, and returns where that
/// ends; nothing where none of it fits. `first`: no other change stands before it in this
/// section. One that is not the first, and would fit a packet of its own, is not cut.
std::optional<std::size_t> append_change(Packet& packet, const ChangeRecord& change,
                                         std::size_t offset, bool first);

}  // namespace muster
