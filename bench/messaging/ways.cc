#include "bench/messaging/ways.h"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "cluster/mtu.h"

namespace muster::bench {

namespace {

#if MUSTER_BENCH_ZEROMQ
constexpr auto open_zeromq_if_there = open_zeromq;
#else
constexpr std::unique_ptr<MessageEndpoint> (*open_zeromq_if_there)(const Place&) = nullptr;
#endif

constexpr const char* mtu_variable = "MUSTER_BENCH_MTU";
constexpr const char* io_threads_variable = "MUSTER_BENCH_IO_THREADS";

template <class T>
T said_in(const char* variable, T otherwise) {
  const char* const said = std::getenv(variable);
  return said == nullptr ? otherwise : static_cast<T>(std::stoul(said));
}

constexpr std::string_view shared = "the threads of each process share its core";
constexpr std::string_view three = "three processes on two cores";

constexpr std::array<Way, 8> direct{{
    {"bare", false, false, "", "", open_bare_port},
    {"inline", false, true, "", "", open_inline},
    {"topic", false, true, "", "inline, published to one subscriber", open_topic},
    {"pipelined", true, true, "", shared, open_pipelined},
    {"sockets", false, true, "", "ours, inline, over the loopback", open_inline_over_sockets},
    {"udp", false, false, "", "sendto, recvfrom", open_kernel_udp},
    {"udp_batched", false, false, "", "sendmmsg, recvmmsg", open_kernel_udp_batched},
    {"zeromq", true, true, "", shared, open_zeromq_if_there},
}};

constexpr std::array<Way, 2> switched{{
    {"switch", true, true, "0", three, open_through_switch},
    {"switch_1%_loss", true, true, "1%", three, open_through_switch},
}};

}  // namespace

std::span<const Way> ways() { return direct; }
std::span<const Way> switched_ways() { return switched; }

const Way& way_named(std::string_view name) {
  for (const auto& all : {ways(), switched_ways()}) {
    for (const Way& way : all) {
      if (way.name == name) return way;
    }
  }
  throw std::runtime_error("no way is called " + std::string(name));
}

std::uint32_t mtu() { return said_in(mtu_variable, mtu_default); }

void set_mtu(std::uint32_t mtu) { setenv(mtu_variable, std::to_string(mtu).c_str(), 1); }

std::uint16_t io_threads() { return said_in(io_threads_variable, std::uint16_t{1}); }

void set_io_threads(std::uint16_t threads) {
  setenv(io_threads_variable, std::to_string(threads).c_str(), 1);
}

std::string memif_device(const Place& place) {
  // Both may be open in one process: each has a number of its own.
  const std::string port =
      place.role == Role::far ? "net_memif0,role=server" : "net_memif1,role=client";
  return port + ",id=0,socket=" + place.directory + "/memif.sock";
}

std::string switch_device(const Place& place) {
  const std::string id = place.role == Role::far ? "0" : "1";
  return "net_memif0,id=" + id + ",role=client,socket=" + switch_socket(place.directory);
}

std::string switch_socket(const std::string& directory) { return directory + "/switch.sock"; }

}  // namespace muster::bench
