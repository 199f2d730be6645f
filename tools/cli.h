// How a subcommand of `muster` is made known: one function for each, in main.cc's list.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace muster {

/// What the chosen subcommand does; gives the exit status. May throw UsageError or StartError.
using Action = std::function<int()>;

/// Adds a subcommand to `app`, whose callback sets `chosen`.
using AddCommand = void (*)(CLI::App& app, Action& chosen);

}  // namespace muster
