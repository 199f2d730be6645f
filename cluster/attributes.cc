#include "cluster/attributes.h"

#include <algorithm>

namespace muster {
namespace {

/// A byte for the length of the key and one for that of the value.
constexpr std::size_t head_bytes = 2;

std::size_t key_bytes(const std::byte* at) { return std::to_integer<std::size_t>(at[0]); }
std::size_t value_bytes(const std::byte* at) { return std::to_integer<std::size_t>(at[1]); }
std::size_t record_bytes(const std::byte* at) {
  return head_bytes + key_bytes(at) + value_bytes(at);
}
std::string_view text(const std::byte* at, std::size_t length) {
  return {reinterpret_cast<const char*>(at), length};
}

bool valid_key(std::string_view key) {
  return !key.empty() && key.size() <= Attributes::key_bytes_max &&
         std::ranges::none_of(
             key, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

bool Attributes::well_formed(std::span<const std::byte> block) {
  if (block.size() > bytes_max) return false;
  std::string_view before;
  while (!block.empty()) {
    if (block.size() < head_bytes || block.size() < record_bytes(block.data())) return false;
    const std::string_view key = text(block.data() + head_bytes, key_bytes(block.data()));
    if (!valid_key(key) || key <= before) return false;
    before = key;
    block = block.subspan(record_bytes(block.data()));
  }
  return true;
}

Attribute Attributes::Iterator::operator*() const {
  const std::byte* key = at_ + head_bytes;
  return {text(key, key_bytes(at_)), text(key + key_bytes(at_), value_bytes(at_))};
}

Attributes::Iterator& Attributes::Iterator::operator++() {
  at_ += record_bytes(at_);
  return *this;
}

std::optional<std::string_view> Attributes::get(std::string_view key) const {
  for (const Attribute attribute : *this)
    if (attribute.key == key) return attribute.value;
  return std::nullopt;
}

bool AttributeSet::set(std::string_view key, std::string_view value) {
  if (!valid_key(key) || value.size() > Attributes::value_bytes_max) return false;
  const auto old = view().get(key);
  const std::size_t freed = old ? head_bytes + key.size() + old->size() : 0;
  if (block_.size() - freed + head_bytes + key.size() + value.size() > Attributes::bytes_max)
    return false;
  // The new block is written beside the old one: `value` may be a view of it.
  std::vector<std::byte> block;
  const auto put = [&block](std::string_view some_key, std::string_view some_value) {
    block.push_back(static_cast<std::byte>(some_key.size()));
    block.push_back(static_cast<std::byte>(some_value.size()));
    for (const std::string_view part : {some_key, some_value})
      for (const char c : part) block.push_back(static_cast<std::byte>(c));
  };
  bool written = false;
  for (const Attribute attribute : view()) {
    if (!written && key <= attribute.key) {
      put(key, value);
      written = true;
    }
    if (attribute.key != key) put(attribute.key, attribute.value);
  }
  if (!written) put(key, value);
  block_ = std::move(block);
  return true;
}

bool AttributeSet::erase(std::string_view key) {
  for (auto at = block_.begin(); at != block_.end();) {
    const auto next = at + static_cast<std::ptrdiff_t>(record_bytes(&*at));
    if (text(&*at + head_bytes, key_bytes(&*at)) == key) {
      block_.erase(at, next);
      return true;
    }
    at = next;
  }
  return false;
}

}  // namespace muster
