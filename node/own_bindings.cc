#include "node/own_bindings.h"

#include <algorithm>

#include "cluster/publishing/role.h"
#include "cluster/wire/path.h"

namespace muster {
namespace {

/// The engine's tree counts tombstones too, and for a moment both values of a path.
constexpr std::size_t slack_bytes = 4096;

/// What says who publishes and who subscribes is bound by the engine.
bool may_bind(std::string_view path) { return wire::valid_path(path) && !is_reserved(path); }

/// The attributes of a role.
constexpr std::size_t role_bytes = 64;

/// What the application's own bindings leave to others.
std::size_t others_bytes(const NodeConfig& config) {
  const std::size_t roles = config.messaging.topics_max + config.messaging.subscriptions_max;
  return config.directory.tombstone_bytes_max + slack_bytes +
         roles * TreeEntry::reckon({}, wire::path_bytes_max + role_bytes);
}

}  // namespace

OwnBindings::OwnBindings(const NodeConfig& config)
    : bytes_max_(config.directory.tree_bytes_max -
                 std::min(config.directory.tree_bytes_max, others_bytes(config))) {}

AdvertiseResult OwnBindings::check(std::string_view path, const Content& content) {
  if (!may_bind(path)) return AdvertiseResult::invalid_path;
  return content.value.size() > wire::value_bytes_max ? AdvertiseResult::too_large
                                                      : AdvertiseResult::done;
}

bool OwnBindings::holds(std::string_view path, const Content& content) const {
  const auto* found = own_.find(path);
  return found != nullptr && found->second.attribute_bytes == content.attributes.bytes().size() &&
         std::ranges::equal(found->second.content, joined(content));
}

AdvertiseResult OwnBindings::may_put(std::string_view path, const Content& content) const {
  if (const auto result = check(path, content); result != AdvertiseResult::done) return result;
  if (holds(path, content)) return AdvertiseResult::unchanged;
  const auto* found = own_.find(path);
  const std::size_t before =
      found == nullptr ? 0 : TreeEntry::reckon(path, found->second.content.size());
  if (bytes_ - before + TreeEntry::reckon(path, content.bytes()) > bytes_max_)
    return AdvertiseResult::full;
  return AdvertiseResult::done;
}

void OwnBindings::put(std::string_view path, const Content& content) {
  if (const auto* before = own_.find(path))
    bytes_ -= TreeEntry::reckon(path, before->second.content.size());
  Own& own = own_.at(path).second;
  own.content = joined(content);
  own.attribute_bytes = content.attributes.bytes().size();
  bytes_ += TreeEntry::reckon(path, content.bytes());
}

AdvertiseResult OwnBindings::may_erase(std::string_view path) const {
  if (!may_bind(path)) return AdvertiseResult::invalid_path;
  return own_.find(path) != nullptr ? AdvertiseResult::done : AdvertiseResult::unchanged;
}

void OwnBindings::erase(std::string_view path) {
  bytes_ -= TreeEntry::reckon(path, own_.find(path)->second.content.size());
  own_.erase(path);
}

AdvertiseResult OwnBindings::may_clear() const {
  return own_.size() == 0 ? AdvertiseResult::unchanged : AdvertiseResult::done;
}

void OwnBindings::clear() {
  own_.clear();
  bytes_ = 0;
}

/// As OwnTree::apply() reckons: what is replaced may still be there until the end.
AdvertiseResult OwnBindings::may_apply(const Batch& batch) const {
  if (batch.size() > Batch::changes_max || batch.bytes() > Batch::bytes_max)
    return AdvertiseResult::too_large;
  std::size_t bytes = bytes_;
  bool changes = false;
  for (const StoredChange& change : batch.changes()) {
    const Content content = change.content();
    if (const auto result = check(change.path, content); result != AdvertiseResult::done)
      return result;
    bytes += TreeEntry::reckon(change.path, content.bytes());
    changes |= change.kind == wire::ChangeKind::bind ? !holds(change.path, content)
                                                     : own_.find(change.path) != nullptr;
  }
  if (bytes > bytes_max_) return AdvertiseResult::full;
  // Where a path is named twice the last word may be what was there before.
  return changes ? AdvertiseResult::done : AdvertiseResult::unchanged;
}

void OwnBindings::apply(const Batch& batch) {
  for (const StoredChange& change : batch.changes()) {
    if (change.kind == wire::ChangeKind::bind)
      put(change.path, change.content());
    else if (own_.find(change.path) != nullptr)
      erase(change.path);
  }
}

void OwnBindings::serve(std::string_view path, ServiceHandler handler) {
  own_.find(path)->second.handler = std::make_shared<const ServiceHandler>(std::move(handler));
  if (answered_.find(path) != nullptr) answered_.erase(path);
}

bool OwnBindings::answer(std::string_view path, ServiceHandler handler) {
  if (!may_bind(path)) return false;
  if (auto* served = own_.find(path)) served->second.handler.reset();
  if (handler)
    answered_.at(path).second = std::make_shared<const ServiceHandler>(std::move(handler));
  else if (answered_.find(path) != nullptr)
    answered_.erase(path);
  return true;
}

std::shared_ptr<const ServiceHandler> OwnBindings::handler(std::string_view path) const {
  if (const auto* served = own_.find(path); served != nullptr && served->second.handler != nullptr)
    return served->second.handler;
  const auto* answered = answered_.find(path);
  return answered == nullptr ? nullptr : answered->second;
}

}  // namespace muster
