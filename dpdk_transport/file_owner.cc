#include "dpdk_transport/file_owner.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

namespace muster::dpdk {

std::string owner_of(const std::filesystem::path& path) {
  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return "another user";
  const passwd* user = getpwuid(status.st_uid);  // NOLINT(concurrency-mt-unsafe): at the start
  return user == nullptr ? fmt::format("user {}", status.st_uid) : user->pw_name;
}

}  // namespace muster::dpdk
