// `muster demo`: a whole cluster on this machine, from join to leave, in a few seconds.
#pragma once

#include "tools/cli.h"

namespace muster::demo {

void add_command(CLI::App& app, Action& chosen);

}  // namespace muster::demo
