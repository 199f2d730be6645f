#include "tools/fabric/unix_socket.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/errors.h"

namespace muster::fabric {
namespace {

static_assert(socket_path_bytes_max + 1 == sizeof(sockaddr_un::sun_path));
constexpr int backlog = 16;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, socket_path_bytes_max);
  return address;
}

void check_folder(const std::string& option, const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  throw StartError(
      errno == ENOENT || errno == ENOTDIR
          ? fmt::format("{} {}: there is no folder {}; make it, or name another path", option, path,
                        folder.string())
          : fmt::format("{} {}: no permission to make files in {}; name a path in a folder that "
                        "you may write",
                        option, path, folder.string()));
}

/// A socket without a listener refuses; one that cannot be asked is somebody else's business.
bool is_stale(const std::string& path) {
  const int probe = connect_to(path);
  if (probe < 0) return errno == ECONNREFUSED;
  ::close(probe);
  return false;
}

/// Removes what a killed process left there.
void make_way(const std::string& option, const std::string& path) {
  check_folder(option, path);
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode))
    throw StartError(fmt::format(
        "{} {}: something that is not a socket is there; remove it, or name another path", option,
        path));
  if (!is_stale(path))
    throw StartError(fmt::format(
        "{} {}: in use by a running process; end that one, or name another path", option, path));
  if (::unlink(path.c_str()) != 0)
    throw StartError(
        fmt::format("{} {}: a stale socket is there and cannot be removed ({}); "
                    "remove it, or name another path",
                    option, path, std::strerror(errno)));
}

}  // namespace

int connect_to(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const sockaddr_un address = address_of(path);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int cause = errno;
  ::close(fd);
  errno = cause;
  return -1;
}

void check_socket_path(const std::string& option, const std::string& path) {
  if (path.empty() || path.size() > socket_path_bytes_max)
    throw UsageError(
        fmt::format("{} {}: a socket's path has 1 to {} bytes, this one has {}; name "
                    "a shorter path",
                    option, path, socket_path_bytes_max, path.size()));
}

int listen_at(const std::string& option, const std::string& path) {
  check_socket_path(option, path);
  make_way(option, path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(path);
  if (fd >= 0 && ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd, backlog) == 0)
    return fd;
  const int cause = errno;
  if (fd >= 0) ::close(fd);
  throw StartError(fmt::format("{} {}: cannot listen there ({}); name another path", option, path,
                               std::strerror(cause)));
}

}  // namespace muster::fabric
