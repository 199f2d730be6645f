#include "dpdk_transport/file_lock.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace muster::dpdk {
namespace {

/// Whoever held it may have removed the file since this process opened it: then it protects
/// nothing.
bool is_at(int fd, const std::string& path) {
  struct stat open{};
  struct stat named{};
  return fstat(fd, &open) == 0 && stat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

}  // namespace

FileLock::~FileLock() {
  if (fd_ < 0) return;
  // Before it is given back; where somebody has removed the file, one of that name is another's.
  if (is_at(fd_, path_)) unlink(path_.c_str());
  close(fd_);
}

bool FileLock::take() {
  if (fd_ >= 0) return true;
  const int fd = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), path_);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_at(fd, path_))
    fd_ = fd;
  else
    close(fd);
  return fd_ >= 0;
}

/// Whoever takes it in this moment tries again.
bool FileLock::is_held(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0;
  close(fd);
  return held;
}

void FileLock::say(std::string_view text) {
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, text.data(), text.size(), 0) < 0)
    throw std::system_error(errno, std::generic_category(), path_);
}

}  // namespace muster::dpdk
