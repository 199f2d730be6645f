// This member's part of the directory, and the advertisements of its changes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/config.h"
#include "cluster/directory/tree.h"
#include "cluster/events.h"
#include "cluster/outbox.h"

namespace muster {

enum class BindResult : std::uint8_t {
  changed,
  unchanged,     ///< it was so already; nobody is told
  invalid_path,  ///< see wire::valid_path()
  too_large,     ///< a value of more than wire::value_bytes_max bytes
  full,          ///< the own tree has reached DirectoryConfig::tree_bytes_max
};

class OwnTree {
 public:
  OwnTree(const DirectoryConfig& config, Outbox& outbox, Events& events)
      : config_(config), outbox_(outbox), events_(events) {}

  const Tree& tree() const { return tree_; }

  BindResult bind(std::string_view path, std::span<const std::byte> value);
  BindResult withdraw(std::string_view path);

  /// Multicasts what has changed since the last call, in as few packets as it needs.
  void advertise(const Endpoint& group);
  /// Tells the application that its own bindings now belong to another incarnation.
  void withdraw_all(const MemberKey& from);
  void bind_all(const MemberKey& to);

 private:
  struct Change {
    wire::ChangeKind kind;
    std::string path;
    std::vector<std::byte> value;
  };
  void remember(wire::ChangeKind kind, std::string_view path, std::span<const std::byte> value);
  bool advertise_one_packet(const Endpoint& group, std::size_t& next);

  const DirectoryConfig& config_;
  Outbox& outbox_;
  Events& events_;
  Tree tree_;
  /// Changes not advertised yet; the last of them made the tree's version.
  std::vector<Change> pending_;
};

}  // namespace muster
