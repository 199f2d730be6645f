// What a lookup finds.
#pragma once

#include <cstddef>
#include <vector>

#include "cluster/attributes.h"
#include "cluster/types.h"

namespace muster {

/// One member's binding of a name, as the index keeps it.
struct Bound {
  MemberKey owner;
  std::vector<std::byte> value;
  Version version = 0;
  AttributeSet attributes = {};
};

}  // namespace muster
