#include "bench/messaging/sockperf.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

#include "bench/messaging/pair.h"
#include "bench/messaging/sockperf_output.h"
#include "bench/messaging/udp_socket.h"

namespace muster::bench {

namespace {

constexpr auto start_limit = std::chrono::seconds(10);
constexpr auto run_limit = std::chrono::seconds(30);
// It writes a header of its own into each message.
constexpr std::size_t header_bytes = 14;

std::string program(const std::string& name) {
  const auto path = find_program(name);
  if (!path) throw std::runtime_error(name + " is not installed");
  return *path;
}

}  // namespace

std::optional<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path file = std::filesystem::path(folder) / name;
    if (::access(file.c_str(), X_OK) == 0) return file.string();
  }
  return std::nullopt;
}

Sockperf::Sockperf(Cores cores)
    : cores_(cores), program_(program("sockperf")), port_(std::to_string(fresh_port())) {
  server_.emplace("sockperf's server", pinned(cores.second, {"server", "--ip", "127.0.0.2",
                                                             "--port", port_, "--nonblocked"}));
  server_->read_line(start_limit);
}

Sockperf::~Sockperf() {
  if (server_) server_->signal(SIGINT);
}

std::size_t Sockperf::packet_message_bytes() const { return ethernet_datagram_bytes(); }
std::size_t Sockperf::message_bytes_min() const { return header_bytes; }
std::size_t Sockperf::message_bytes_max() const { return datagram_bytes_max; }

std::vector<std::string> Sockperf::pinned(int core, std::vector<std::string> arguments) const {
  std::vector<std::string> command = {program("taskset"), "--cpu-list", std::to_string(core),
                                      program_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

Measured Sockperf::measure(const Task& task) {
  if (task.kind != Task::Kind::ping) throw std::runtime_error("sockperf measures round trips only");
  const DurationNs seconds = (task.length_ns + 999'999'999) / 1'000'000'000;
  Child client("sockperf", pinned(cores_.first,
                                  {"ping-pong", "--ip", "127.0.0.2", "--port", port_,
                                   "--nonblocked", "--full-rtt", "--time", std::to_string(seconds),
                                   "--msg-size", std::to_string(task.bytes)}));
  return {.figures = read_sockperf(client.read_all(run_limit)), .times = {}};
}

}  // namespace muster::bench
