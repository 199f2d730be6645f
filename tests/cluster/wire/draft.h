// Packets for tests of the parser, built byte by byte.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/wire/parse.h"

namespace muster::wire {

inline constexpr std::uint64_t cluster = 42;

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
  Draft& add(const char* text) { return add(std::string_view(text)); }
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

inline std::optional<Reject> parse(Draft& packet) {
  Parsed out;
  return wire::parse(packet.bytes(), cluster, out);
}

inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Neither without any of its last bytes nor with one more.
inline void nothing_else_is_sound(Draft whole) {
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

}  // namespace muster::wire
