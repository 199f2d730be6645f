// Writes answers to synchronization requests, a page at a time. The one who answers remembers
// nothing: the request says where the last page ended.
#pragma once

#include "cluster/directory/tree.h"
#include "cluster/packet.h"
#include "cluster/types.h"

namespace muster {

enum class Written : std::uint8_t {
  nothing,   ///< no room left for it, or nothing to say to this request
  partly,    ///< the packet is full, more changes are left
  complete,  ///< reaches the tree's version
};

/// Appends a section of `tree` with the changes after `cursor`, as many as fit.
/// `since` is what the reader holds; 0: nothing. Where tombstones are missing after what the
/// reader has, the section starts over with the whole tree.
Written append_section(Packet& packet, const MemberKey& owner, const Tree& tree, Version since,
                       Version cursor);

/// Appends changes as wire::Change records; the caller has made sure that it fits.
void append_change(Packet& packet, Version version, wire::ChangeKind kind, std::string_view path,
                   std::span<const std::byte> value);
/// Bytes of such a record.
constexpr std::size_t change_bytes(std::string_view path, std::size_t value_bytes) {
  return sizeof(wire::Change) + path.size() + value_bytes;
}

}  // namespace muster
