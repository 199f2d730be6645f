// The ways to pass 64 bytes to another process and back that the ping-pong compares.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::bench {

inline constexpr std::size_t ping_bytes = 64;

/// Writes a ping: its number, and filling.
inline void write_ping(std::span<std::byte> at, std::uint64_t number) {
  std::memset(at.data(), 0x5a, ping_bytes);
  std::memcpy(at.data(), &number, sizeof number);
}
/// The number of a ping; nothing where the bytes are not one.
inline std::optional<std::uint64_t> read_ping(std::span<const std::byte> at) {
  if (at.size() != ping_bytes) return std::nullopt;
  std::uint64_t number = 0;
  std::memcpy(&number, at.data(), sizeof number);
  return number;
}

enum class Role : std::uint8_t { ping, echo };

/// Where a process of the pair stands.
struct Place {
  Role role = Role::ping;
  std::string directory;   ///< both processes can write here, and nobody else does
  std::uint16_t port = 0;  ///< UDP
  int core = 0;            ///< the process is pinned to it already
};

/// DPDK's name for the port of a process: a memif between the two.
inline std::string memif_device(const Place& place) {
  const std::string role = place.role == Role::echo ? "server" : "client";
  return "net_memif0,id=0,role=" + role + ",socket=" + place.directory + "/memif.sock";
}

/// One process's end of a way. All calls but the constructor are one duty cycle, and return at
/// once.
class Way {
 public:
  virtual ~Way() = default;
  /// True once the other end can be reached.
  virtual bool connect() = 0;
  /// False: no room now.
  virtual bool send(std::uint64_t number) = 0;
  /// The number of the ping that has come back.
  virtual std::optional<std::uint64_t> receive() = 0;
  /// Sends back what has come; false: nothing had.
  virtual bool echo() = 0;
};

struct WayKind {
  std::string_view name;
  std::string_view rows;  ///< ids of its rows begin with this
  bool shares_core;       ///< several busy threads on one core: idle ones must yield it
  std::unique_ptr<Way> (*open)(const Place&);
};

/// In the order in which a round runs them; the bare port is the first.
std::span<const WayKind> ways();

std::unique_ptr<Way> open_bare_port(const Place& place);
std::unique_ptr<Way> open_inline(const Place& place);
std::unique_ptr<Way> open_pipelined(const Place& place);
std::unique_ptr<Way> open_kernel_udp(const Place& place);
std::unique_ptr<Way> open_inline_over_sockets(const Place& place);

}  // namespace muster::bench
