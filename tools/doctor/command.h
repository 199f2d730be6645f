// `muster doctor`: what stands between this machine and low latency.
#pragma once

#include "tools/cli.h"

namespace muster::doctor {

void add_command(CLI::App& app, Action& chosen);

}  // namespace muster::doctor
