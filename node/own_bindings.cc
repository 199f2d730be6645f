#include "node/own_bindings.h"

#include <algorithm>

#include "cluster/wire/path.h"

namespace muster {
namespace {

/// The engine's tree counts tombstones too, and for a moment both values of a path.
constexpr std::size_t slack_bytes = 4096;

}  // namespace

OwnBindings::OwnBindings(const DirectoryConfig& config)
    : bytes_max_(config.tree_bytes_max - config.tombstone_bytes_max - slack_bytes) {}

std::size_t OwnBindings::bytes(std::string_view path, std::size_t value_bytes) {
  return sizeof(TreeEntry) + 2 * path.size() + value_bytes;
}

AdvertiseResult OwnBindings::may_put(std::string_view path,
                                     std::span<const std::byte> value) const {
  if (!wire::valid_path(path)) return AdvertiseResult::invalid_path;
  if (value.size() > wire::value_bytes_max) return AdvertiseResult::too_large;
  const auto found = own_.find(path);
  if (found != own_.end() && std::ranges::equal(found->second.value, value))
    return AdvertiseResult::unchanged;
  const std::size_t before = found == own_.end() ? 0 : bytes(path, found->second.value.size());
  if (bytes_ - before + bytes(path, value.size()) > bytes_max_) return AdvertiseResult::full;
  return AdvertiseResult::done;
}

void OwnBindings::put(std::string_view path, std::span<const std::byte> value) {
  const auto [at, fresh] = own_.try_emplace(std::string(path));
  if (!fresh) bytes_ -= bytes(path, at->second.value.size());
  at->second.value.assign(value.begin(), value.end());
  bytes_ += bytes(path, value.size());
}

AdvertiseResult OwnBindings::may_erase(std::string_view path) const {
  if (!wire::valid_path(path)) return AdvertiseResult::invalid_path;
  return own_.contains(path) ? AdvertiseResult::done : AdvertiseResult::unchanged;
}

void OwnBindings::erase(std::string_view path) {
  const auto found = own_.find(path);
  bytes_ -= bytes(path, found->second.value.size());
  own_.erase(found);
}

void OwnBindings::serve(std::string_view path, ServiceHandler handler) {
  own_.find(path)->second.handler = std::make_shared<const ServiceHandler>(std::move(handler));
}

std::shared_ptr<const ServiceHandler> OwnBindings::handler(std::string_view path) const {
  const auto found = own_.find(path);
  return found == own_.end() ? nullptr : found->second.handler;
}

}  // namespace muster
