// Takes numbers and byte runs off a fuzzer's input; past its end everything is zero or empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace muster::fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(std::as_bytes(std::span(data, size))) {}

  bool empty() const { return left_.empty(); }
  template <class T>
  T take() {
    T value{};
    const auto bytes = take_bytes(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  std::span<const std::byte> take_bytes(std::size_t length) {
    const auto bytes = left_.first(std::min(length, left_.size()));
    left_ = left_.subspan(bytes.size());
    return bytes;
  }

 private:
  std::span<const std::byte> left_;
};

}  // namespace muster::fuzz
