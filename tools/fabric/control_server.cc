#include "tools/fabric/control_server.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include "tools/fabric/unix_socket.h"

namespace muster::fabric {
namespace {

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/// False when the peer is gone. Leaves in `unsent` what the socket does not take now.
bool send_some(int fd, std::string& unsent) {
  if (unsent.empty()) return true;
  const ssize_t sent = ::send(fd, unsent.data(), unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return would_block();
  unsent.erase(0, static_cast<std::size_t>(sent));
  return true;
}

}  // namespace

ControlServer::ControlServer(const std::string& path, Answer answer)
    : path_(path), answer_(std::move(answer)) {
  listener_ = listen_at("--control", path);
}

ControlServer::~ControlServer() {
  for (const Client& client : clients_) ::close(client.fd);
  ::close(listener_);
  ::unlink(path_.c_str());
}

void ControlServer::poll() {
  accept_clients();
  std::erase_if(clients_, [this](Client& client) {
    if (serve(client)) return false;
    ::close(client.fd);
    return true;
  });
}

/// Past clients_max the others wait in the listener's backlog.
void ControlServer::accept_clients() {
  while (clients_.size() < clients_max) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    clients_.push_back({.fd = fd, .received = {}, .unsent = {}});
  }
}

/// False once the client is done with. A client that does not read its answers is not read.
bool ControlServer::serve(Client& client) {
  if (!send_some(client.fd, client.unsent)) return false;
  if (!client.unsent.empty()) return true;
  if (client.closing) return false;
  std::array<char, 4096> bytes;
  const ssize_t count = ::recv(client.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && !would_block()) return false;
  if (count > 0) client.received.append(bytes.data(), static_cast<std::size_t>(count));
  client.closing = count == 0;
  answer_lines(client);
  return send_some(client.fd, client.unsent) && (!client.closing || !client.unsent.empty());
}

void ControlServer::answer_lines(Client& client) {
  std::size_t start = 0;
  for (std::size_t end = 0; (end = client.received.find('\n', start)) != std::string::npos;
       start = end + 1)
    client.unsent += answer_(std::string_view(client.received).substr(start, end - start)) + '\n';
  client.received.erase(0, start);
  if (client.received.size() <= line_bytes_max) return;
  client.unsent += R"({"ok":false,"field":"request","error":"request is longer than 16 KiB"})"
                   "\n";
  client.received.clear();
  client.closing = true;
}

}  // namespace muster::fabric
