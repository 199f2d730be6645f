// The whole life of one process of a pair, and what it and the process that started it say to each
// other, one line at a time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bench/messaging/endpoint.h"
#include "bench/messaging/ways.h"

namespace muster::bench {

// What a process says: that its end is open; that it reaches the other, with its packet's message
// and its largest one in bytes; that it waits for what the other sends; or an Outcome; or why it
// ends.
inline constexpr const char* open_line = "open";
inline constexpr const char* ready_word = "ready ";
inline constexpr const char* armed_line = "armed";
inline constexpr const char* failure_word = "failed: ";
// What it is told: a Task, or one of these. `stop` ends the task of the
// near side when it floods, and of the far side otherwise.
inline constexpr const char* stop_line = "stop";
inline constexpr const char* quit_line = "quit";

/// The first argument of a process of a pair, and of the switch between two.
inline constexpr const char* side_option = "--side";
inline constexpr const char* switch_option = "--switch";

std::vector<std::string> side_arguments(const Way& way, const Place& place);
/// From the arguments after side_option; the exit status.
int run_side(std::span<char*> arguments);

std::vector<std::string> switch_arguments(const Way& way, const std::string& directory);
int run_switch(std::span<char*> arguments);

}  // namespace muster::bench
