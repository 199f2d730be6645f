// Takes packed structs and byte runs off the front of a buffer, and never reads past its end.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace muster::wire {

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : left_(bytes) {}

  /// nullptr, and failed() from then on, when fewer bytes are left.
  template <class T>
  const T* take() {
    static_assert(alignof(T) == 1);
    return reinterpret_cast<const T*>(skip(sizeof(T)));
  }
  /// The next `length` bytes; nullptr when fewer are left.
  const std::byte* skip(std::size_t length) {
    if (failed_ || length > left_.size()) {
      failed_ = true;
      return nullptr;
    }
    const std::byte* at = left_.data();
    left_ = left_.subspan(length);
    return at;
  }

  bool failed() const { return failed_; }
  /// Everything was read, and nothing more than there was.
  bool finished() const { return !failed_ && left_.empty(); }
  const std::byte* position() const { return left_.data(); }

 private:
  std::span<const std::byte> left_;
  bool failed_ = false;
};

inline std::string_view text(const std::byte* at, std::size_t length) {
  return {reinterpret_cast<const char*>(at), length};
}

}  // namespace muster::wire
