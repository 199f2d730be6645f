// A member that is killed after it has reached the switch's socket, and before it is let in.
//
// DPDK's memif driver accepts it, watches the connection, and says hello. When that fails because
// nobody is there any more, the driver closes the connection but leaves it watched, and EAL's
// interrupt thread ends the process over a descriptor that is gone. So in the switch's process such
// a hello seems to be sent: the driver then finds the end of the connection, and lets go of it in
// its usual way.
#include <cerrno>

#include <dlfcn.h>
#include <sys/socket.h>

namespace {

/// Of all sockets here only memif's are of this type.
bool is_memif(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

}  // namespace

/// Takes the place of the C library's, in this program only, for the driver calls it by this name.
extern "C" __attribute__((visibility("default"))) ssize_t sendmsg(int fd, const msghdr* message,
                                                                  int flags) {
  using Function = ssize_t(int, const msghdr*, int);
  static auto* const real = reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, "sendmsg"));
  const ssize_t sent = real(fd, message, flags);
  if (sent >= 0 || (errno != EPIPE && errno != ECONNRESET)) return sent;
  const int cause = errno;
  if (is_memif(fd)) {
    ssize_t bytes = 0;
    for (std::size_t i = 0; i < message->msg_iovlen; ++i)
      bytes += static_cast<ssize_t>(message->msg_iov[i].iov_len);
    return bytes;
  }
  errno = cause;
  return -1;
}
