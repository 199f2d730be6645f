// Unix sockets that have a file: made, found stale, removed.
#pragma once

#include <cstddef>
#include <string>

namespace muster::fabric {

/// The longest path that fits a socket's address.
inline constexpr std::size_t socket_path_bytes_max = 107;

/// Throws UsageError, its sentence beginning with `option`, when `path` does not fit.
void check_socket_path(const std::string& option, const std::string& path);

/// A listening, non-blocking stream socket at `path`; one that a killed process left there is
/// replaced. Throws StartError, its sentence beginning with `option`, when somebody listens
/// there, when something else than a socket is in the way, or when the folder is missing or may
/// not be written.
int listen_at(const std::string& option, const std::string& path);

/// A connected stream socket, or -1 with errno set.
int connect_to(const std::string& path);

}  // namespace muster::fabric
