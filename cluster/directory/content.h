// What a path is bound to, and a change that owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cluster/attributes.h"
#include "cluster/types.h"
#include "cluster/wire/parse.h"

namespace muster {

/// A view: attributes and value of one binding.
struct Content {
  Attributes attributes;
  std::span<const std::byte> value;

  std::size_t bytes() const { return attributes.bytes().size() + value.size(); }
};

/// `bytes` are the attributes and then the value.
inline Content content_of(std::span<const std::byte> bytes, std::size_t attribute_bytes) {
  return {Attributes(bytes.first(attribute_bytes)), bytes.subspan(attribute_bytes)};
}
inline Content content_of(const wire::ChangeView& whole) {
  return content_of(whole.piece, whole.attribute_bytes);
}
/// Both in one run of bytes, as trees, logs and packets hold them.
inline std::vector<std::byte> joined(const Content& content) {
  std::vector<std::byte> bytes;
  bytes.reserve(content.bytes());
  const auto attributes = content.attributes.bytes();
  bytes.insert(bytes.end(), attributes.begin(), attributes.end());
  bytes.insert(bytes.end(), content.value.begin(), content.value.end());
  return bytes;
}

struct StoredChange {
  Version version = 0;
  wire::ChangeKind kind{};
  bool more = false;  ///< becomes visible together with the next one
  std::string path;
  std::vector<std::byte> bytes;  ///< attributes, then value
  std::size_t attribute_bytes = 0;

  Content content() const { return content_of(bytes, attribute_bytes); }
  /// What its memory is reckoned at.
  std::size_t memory() const { return sizeof(StoredChange) + path.size() + bytes.size(); }
};

}  // namespace muster
