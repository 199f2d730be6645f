// What the types of packets are called: in traces, in statistics, on the command line.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "cluster/wire/layout.h"

namespace muster::wire {

inline constexpr std::array<std::string_view, type_last + 1> type_names = {"unsupported_version",
                                                                           "heartbeat",
                                                                           "join",
                                                                           "refuse",
                                                                           "leave",
                                                                           "removed",
                                                                           "probe",
                                                                           "probe_ack",
                                                                           "probe_request",
                                                                           "advertisement",
                                                                           "sync_request",
                                                                           "sync_answer",
                                                                           "session",
                                                                           "introduction_request",
                                                                           "introduction",
                                                                           "publication",
                                                                           "position",
                                                                           "report",
                                                                           "path_probe",
                                                                           "path_answer"};
static_assert(!type_names.back().empty(), "layout.h has a type without a name here");

constexpr std::string_view name_of(Type type) { return type_names[static_cast<std::size_t>(type)]; }

}  // namespace muster::wire
