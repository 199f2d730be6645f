// Trials of members that all see each other, whatever carries their frames. Each expects that they
// do so again in the end.
#pragma once

#include <string>
#include <vector>

#include "cluster/types.h"
#include "tests/e2e/members.h"

namespace muster::e2e {

/// Several are killed at once. All others hear once of each that it died, and once that it is there
/// again; its names, one that it advertises besides its service, go with it.
void kill_and_start_again(Members& members, const std::vector<std::string>& names);

/// Nobody is removed while `name` pauses for less than its timers tolerate. What it missed of
/// `from`'s names by then, it learns.
void pause_briefly(Members& members, const std::string& name, DurationNs tolerated_ns,
                   const std::string& from, std::size_t names);

/// `name` is removed while it pauses, accuses nobody, and comes back with its names.
void pause_for_too_long(Members& members, const std::string& name);

/// Whoever watches hears of each value of a name of `owner` at most once and in order, of the last
/// one, and of its end.
void change_a_name(Members& members, const std::string& owner);

/// A second member of the name `name` is refused at another port, of these options; nobody removes
/// the first.
void start_a_second_one(Members& members, const std::string& name,
                        const std::vector<std::string>& options);

}  // namespace muster::e2e
