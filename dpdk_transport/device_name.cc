#include "dpdk_transport/device_name.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <sys/un.h>

#include "dpdk_transport/eal.h"

namespace muster::dpdk {

namespace {

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isxdigit(c) != 0;
         });
}

/// "net_" and a driver's name, then the number of the device.
bool is_vdev_name(std::string_view text) {
  return text.starts_with("net_") && text.size() > 5 &&
         std::isdigit(static_cast<unsigned char>(text.back())) != 0 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t at = std::min(rest.find(separator), rest.size());
  const std::string_view head = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return head;
}

}  // namespace

bool is_pci_address(std::string_view text) {
  if (text.size() == 12 && is_hex(text.substr(0, 4), 4) && text[4] == ':') text.remove_prefix(5);
  return text.size() == 7 && is_hex(text.substr(0, 2), 2) && text[2] == ':' &&
         is_hex(text.substr(3, 2), 2) && text[5] == '.' && is_hex(text.substr(6), 1);
}

std::string_view DeviceName::driver() const {
  std::string_view text = name;
  while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.back())) != 0)
    text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> DeviceName::argument(std::string_view key) const {
  for (const auto& [known, value] : arguments)
    if (known == key) return value;
  return std::nullopt;
}

void DeviceName::add_argument(std::string_view key, std::string value) {
  if (!argument(key)) arguments.emplace_back(key, std::move(value));
}

std::string DeviceName::argument_text() const {
  std::string text;
  for (const auto& [key, value] : arguments)
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", key, value);
  return text;
}

DeviceName parse_device(std::string_view device) {
  DeviceName result;
  std::string_view rest = device;
  result.name = cut(rest, ',');
  result.pci = is_pci_address(result.name);
  if (result.pci && result.name.size() == 7) result.name = "0000:" + result.name;
  if (!result.pci && !is_vdev_name(result.name))
    throw StartError(
        fmt::format("\"{}\" names no port that DPDK knows of: {}", result.name, accepted_devices));
  while (!rest.empty()) {
    std::string_view value = cut(rest, ',');
    const std::string_view key = cut(value, '=');
    if (key.empty() || value.empty())
      throw StartError(fmt::format("\"{}\": every argument of a device is key=value: {}", device,
                                   accepted_devices));
    result.arguments.emplace_back(key, value);
  }
  return result;
}

MemifEnd memif_end(const DeviceName& name) {
  MemifEnd end;
  const std::string_view role = name.argument("role").value_or("client");
  if (role != "client" && role != "server")
    throw StartError(fmt::format("{}: role={} is neither client (a member) nor server (a switch)",
                                 name.name, role));
  end.server = role == "server";
  if (name.argument("socket-abstract").value_or("no") != "no")
    throw StartError(
        fmt::format("{}: the socket is a file here: leave socket-abstract out", name.name));
  end.id = name.argument("id").value_or("0");
  if (!std::all_of(end.id.begin(), end.id.end(),
                   [](unsigned char c) { return std::isdigit(c) != 0; }))
    throw StartError(fmt::format("{}: id={} is not a number", name.name, end.id));
  const auto socket = name.argument("socket");
  if (!socket)
    throw StartError(
        fmt::format("{}: name the socket where the two ends meet: add "
                    "socket=/run/muster.sock",
                    name.name));
  end.socket = *socket;
  if (end.socket.size() >= sizeof(sockaddr_un::sun_path))
    throw StartError(
        fmt::format("{}: the socket's path has {} bytes, and {} at most are possible: "
                    "choose a shorter one",
                    end.socket, end.socket.size(), sizeof(sockaddr_un::sun_path) - 1));
  return end;
}

}  // namespace muster::dpdk
