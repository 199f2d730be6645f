// Changes of the own tree that become visible together, here and at every other member: but for one
// that has not known this tree yet, and sees it as it comes (docs/protocol.md §6.6).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cluster/directory/content.h"

namespace muster {

/// Filled, then given to Member::apply() or Node::advertise(). Where it names a path twice, the
/// later change counts. Nothing is checked before it is applied.
class Batch {
 public:
  static constexpr std::size_t changes_max = 1024;
  static constexpr std::size_t bytes_max = 1 << 20;  ///< of paths, attributes and values

  void bind(std::string_view path, std::span<const std::byte> value, Attributes attributes = {}) {
    add(wire::ChangeKind::bind, path, {attributes, value});
  }
  void withdraw(std::string_view path) { add(wire::ChangeKind::withdraw, path, {}); }

  bool empty() const { return changes_.empty(); }
  std::size_t size() const { return changes_.size(); }
  /// Of paths, attributes and values.
  std::size_t bytes() const { return bytes_; }
  std::span<const StoredChange> changes() const { return changes_; }

 private:
  void add(wire::ChangeKind kind, std::string_view path, const Content& content) {
    bytes_ += path.size() + content.bytes();
    changes_.push_back({.version = 0,
                        .kind = kind,
                        .more = false,
                        .path = std::string(path),
                        .bytes = joined(content),
                        .attribute_bytes = content.attributes.bytes().size()});
  }

  std::vector<StoredChange> changes_;
  std::size_t bytes_ = 0;
};

}  // namespace muster
