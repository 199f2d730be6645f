// Each member's view of the members and of the naming tree, side by side.
#pragma once

#include <string>

#include "tools/lab/stage.h"

namespace muster::demo {

/// A row for each member and each name that anybody sees, a column for each server.
std::string view(const lab::Stage& stage);

}  // namespace muster::demo
