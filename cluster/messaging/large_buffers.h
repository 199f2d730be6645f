// Memory for messages of many packets, used again and again: large memory is a system call away.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace muster {

/// Not thread-safe. `bytes_max` limits what is taken at the same time, and is no less than the
/// largest message; a few are kept for the next.
class LargeBuffers {
 public:
  using Buffer = std::vector<std::byte>;

  explicit LargeBuffers(std::size_t bytes_max) : bytes_max_(bytes_max) {
    spare_.reserve(spare_max);  // give() throws nothing
  }

  /// So large, and so much is counted, whatever memory it had before; empty: the limit is reached.
  Buffer take(std::size_t bytes) {
    if (taken_bytes_ > 0 && taken_bytes_ + bytes > bytes_max_) return {};
    Buffer buffer;
    if (!spare_.empty()) {
      buffer = std::move(spare_.back());
      spare_.pop_back();
    }
    if (buffer.capacity() < bytes) buffer = Buffer();  // what it held is of no use
    buffer.resize(bytes);
    taken_bytes_ += bytes;
    return buffer;
  }
  /// One that take() gave. An empty one is fine.
  void give(Buffer&& buffer) {
    taken_bytes_ -= buffer.size();
    if (!buffer.empty() && spare_.size() < spare_max) spare_.push_back(std::move(buffer));
    buffer = {};
  }

 private:
  static constexpr std::size_t spare_max = 4;

  const std::size_t bytes_max_;
  std::size_t taken_bytes_ = 0;
  std::vector<Buffer> spare_;
};

}  // namespace muster
