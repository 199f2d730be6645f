// The socket on which a memif server listens: who owns it, and whether it is a dead one's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cluster/mtu.h"

namespace muster::dpdk {

/// What a memif server's ports are like, and its clients' have to be.
struct MemifTerms {
  std::uint32_t mtu = mtu_default;
  std::uint16_t queues = 1;
  friend bool operator==(const MemifTerms&, const MemifTerms&) = default;
};

/// Held by each memif server port of this process until it is gone; the driver makes the socket for
/// the first and removes it with the last. Meanwhile a lock beside it keeps other servers away.
class MemifListener {
 public:
  /// Says `terms` to clients that ask before they connect; the same for all ports at a socket.
  ///
  /// A socket whose server was killed is removed; one whose server is ending is waited for. Throws
  /// StartError when another process listens on it, or when none can be made there.
  MemifListener(std::string path, const MemifTerms& terms);
  ~MemifListener();
  MemifListener(const MemifListener&) = delete;
  MemifListener& operator=(const MemifListener&) = delete;

  /// To be called before the port goes. With the last port of a socket the driver forgets what its
  /// handlers of the listener and of who has not yet chosen a port still use. So that nothing wakes
  /// these any more, nobody may find the socket, and who has found it is hung up on.
  void retire() const;

 private:
  std::string path_;
};

/// What the server at `path` says; nothing where it says nothing, as one of another make.
std::optional<MemifTerms> terms_of_listener(const std::string& path);

/// Where the socket at `path` lies.
std::filesystem::path folder_of(const std::string& path);

/// Why nobody can be reached on the socket at `path`; empty: somebody may be there.
std::string why_unreachable(const std::string& path);

}  // namespace muster::dpdk
