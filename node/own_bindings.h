// What this member advertises, and what the application does when one of it is called.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/directory/tree.h"
#include "node/node.h"

namespace muster {

/// Decides at once what the engine would answer later, so that both ways of running give the same
/// answer. Not thread-safe.
class OwnBindings {
 public:
  explicit OwnBindings(const DirectoryConfig& config);

  /// `done`: the engine is to be told; then call put().
  AdvertiseResult may_put(std::string_view path, std::span<const std::byte> value) const;
  void put(std::string_view path, std::span<const std::byte> value);
  AdvertiseResult may_erase(std::string_view path) const;
  void erase(std::string_view path);

  /// Replaces the handler of a path that was put.
  void serve(std::string_view path, ServiceHandler handler);
  /// Empty where the path is not served. Shared, because a handler may withdraw itself.
  std::shared_ptr<const ServiceHandler> handler(std::string_view path) const;

 private:
  struct Own {
    std::vector<std::byte> value;
    std::shared_ptr<const ServiceHandler> handler;
  };
  static std::size_t bytes(std::string_view path, std::size_t value_bytes);

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::unordered_map<std::string, Own, StringHash, std::equal_to<>> own_;
};

}  // namespace muster
