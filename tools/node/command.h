// `muster node`: one member, as a process of its own.
#pragma once

#include "tools/cli.h"

namespace muster::node_command {

void add_command(CLI::App& app, Action& chosen);

}  // namespace muster::node_command
