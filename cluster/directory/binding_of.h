// How a tree's entry is told to the application.
#pragma once

#include "cluster/directory/tree.h"
#include "cluster/events.h"

namespace muster {

inline Binding binding_of(const MemberKey& owner, const TreeEntry& entry) {
  const Content content = entry.content();
  return {owner, entry.path, content.value, entry.version, content.attributes};
}

}  // namespace muster
