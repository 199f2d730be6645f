// What a binding says of itself besides its value: texts by key ("zone" = "eu-1"), in one canonical
// block of bytes, so that equal attributes are equal bytes (docs/protocol.md §6.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace muster {

struct Attribute {
  std::string_view key;
  std::string_view value;
};

/// A view of a well-formed block: keys unique and in ascending order of their bytes.
class Attributes {
 public:
  static constexpr std::size_t bytes_max = 1024;  ///< of a block; each attribute has 2 more
  static constexpr std::size_t key_bytes_max = 63;
  static constexpr std::size_t value_bytes_max = 255;

  /// May these bytes be viewed as attributes?
  static bool well_formed(std::span<const std::byte> block);

  Attributes() = default;
  /// The caller has made sure that the block is well-formed.
  explicit Attributes(std::span<const std::byte> block) : block_(block) {}

  class Iterator {
   public:
    explicit Iterator(const std::byte* at) : at_(at) {}
    Attribute operator*() const;
    Iterator& operator++();
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const std::byte* at_;
  };
  Iterator begin() const { return Iterator(block_.data()); }
  Iterator end() const { return Iterator(block_.data() + block_.size()); }
  bool empty() const { return block_.empty(); }
  std::optional<std::string_view> get(std::string_view key) const;
  std::span<const std::byte> bytes() const { return block_; }

 private:
  std::span<const std::byte> block_;
};

/// Owns a block, and keeps it well-formed.
class AttributeSet {
 public:
  AttributeSet() = default;
  explicit AttributeSet(Attributes attributes)
      : block_(attributes.bytes().begin(), attributes.bytes().end()) {}

  /// Adds or replaces. False, and nothing changes, where the key is not 1 to 63 bytes without
  /// control characters, the value is longer than 255, or the block would be longer than 1024.
  bool set(std::string_view key, std::string_view value);
  /// False where there is no such key.
  bool erase(std::string_view key);
  Attributes view() const { return Attributes(block_); }

 private:
  std::vector<std::byte> block_;
};

}  // namespace muster
