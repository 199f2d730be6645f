#include "tools/lab/stage.h"

#include <algorithm>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tools/errors.h"
#include "tools/fabric/control_client.h"

namespace muster::lab {

Stage::Stage(std::string program, std::size_t ports, const std::vector<std::string>& options)
    : program_(std::move(program)) {
  std::vector<std::string> command = {program_,
                                      "fabric",
                                      "--supervised",
                                      "--socket",
                                      folder_ / "switch.sock",
                                      "--control",
                                      folder_ / "control.sock",
                                      "--ports",
                                      std::to_string(ports)};
  command.insert(command.end(), options.begin(), options.end());
  switch_ = std::make_unique<Process>(command);
  if (!wait([this] { return !switch_->read_lines().empty(); }))
    throw StartError("the virtual switch did not start within 5 s; run `muster fabric` to see why");
}

Stage::~Stage() {
  servers_.clear();
  close();
}

Server& Stage::start(const std::string& name, const std::vector<std::string>& options,
                     const std::string& member) {
  return start(std::vector<std::string>{program_, "node", "--json"}, name, options, member);
}

Server& Stage::start(const std::vector<std::string>& program, const std::string& name,
                     const std::vector<std::string>& options, const std::string& member) {
  const std::vector<std::string> port = port_of(name);
  std::vector<std::string> command = program;
  command.insert(command.end(), {"--cluster", "lab"});
  command.insert(command.end(), {"--name", member.empty() ? name : member});
  command.insert(command.end(), port.begin(), port.end());
  command.insert(command.end(), options.begin(), options.end());
  leaving_.erase(name);
  return *servers_.emplace_back(std::make_unique<Server>(name, ports_.at(name), command));
}

std::vector<std::string> Stage::port_of(const std::string& name) {
  const std::size_t port = ports_.try_emplace(name, ports_.size()).first->second;
  return {"--device",
          fmt::format("net_memif0,role=client,id={},socket={},socket-abstract=no", port,
                      (folder_ / "switch.sock").string()),
          "--address", fmt::format("10.77.0.{}/24", port + 1)};
}

Server& Stage::server(const std::string& name) {
  return **std::ranges::find_if(servers_,
                                [&](const auto& server) { return server->name() == name; });
}

void Stage::remove(const std::string& name) {
  std::erase_if(servers_, [&](const auto& server) { return server->name() == name; });
}

std::optional<double> Stage::wait(const std::function<bool()>& done,
                                  std::chrono::milliseconds limit) {
  const auto begin = std::chrono::steady_clock::now();
  while (!done()) {
    if (std::chrono::steady_clock::now() - begin > limit) return std::nullopt;
    std::vector<pollfd> waiting = {{switch_->output(), POLLIN, 0}};
    for (const auto& server : servers_) waiting.push_back({server->process().output(), POLLIN, 0});
    poll(waiting.data(), waiting.size(), 5);
    for (const auto& server : servers_) server->listen();
    check_alive();
  }
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

void Stage::check_alive() {
  if (const auto status = switch_->ended(); status && !fabric_may_end_)
    throw StartError(fmt::format("the virtual switch ended with status {}", *status));
  for (const auto& server : servers_)
    if (const auto status = server->process().ended(); status && !leaving_.contains(server->name()))
      throw StartError(fmt::format("server {} ended with status {}", server->name(), *status));
}

double Stage::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

nlohmann::json Stage::ask_switch(const nlohmann::json& request) {
  return nlohmann::json::parse(fabric::ask(folder_ / "control.sock", request.dump()));
}

void Stage::close() {
  if (!switch_) return;
  switch_->signal(SIGTERM);
  for (int i = 0; i < 200 && !switch_->ended(); ++i) usleep(5000);
  switch_.reset();
}

}  // namespace muster::lab
