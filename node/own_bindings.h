// What this member advertises, and what the application does when it is called.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "cluster/directory/batch.h"
#include "cluster/directory/path_map.h"
#include "cluster/directory/tree.h"
#include "node/node.h"

namespace muster {

/// Decides at once what the engine would answer later, so that both ways of running give the same
/// answer. Not thread-safe.
class OwnBindings {
 public:
  explicit OwnBindings(const NodeConfig& config);

  /// `done`: the engine is to be told; then call put().
  AdvertiseResult may_put(std::string_view path, const Content& content) const;
  void put(std::string_view path, const Content& content);
  AdvertiseResult may_erase(std::string_view path) const;
  void erase(std::string_view path);
  AdvertiseResult may_clear() const;
  void clear();
  AdvertiseResult may_apply(const Batch& batch) const;
  void apply(const Batch& batch);

  /// What calls to a path find is what was given last, by either of these two. This one's is of a
  /// path that was put, and goes with it.
  void serve(std::string_view path, ServiceHandler handler);
  /// Whether the path is put or not. False: it is none.
  bool answer(std::string_view path, ServiceHandler handler);
  /// Empty where the path is not answered. Shared, because a handler may withdraw itself.
  std::shared_ptr<const ServiceHandler> handler(std::string_view path) const;

 private:
  struct Own {
    std::vector<std::byte> content;  ///< attributes, then value
    std::size_t attribute_bytes = 0;
    std::shared_ptr<const ServiceHandler> handler;
  };
  static AdvertiseResult check(std::string_view path, const Content& content);
  bool holds(std::string_view path, const Content& content) const;

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  PathMap<Own> own_;
  PathMap<std::shared_ptr<const ServiceHandler>> answered_;  ///< whatever stands in own_
};

}  // namespace muster
