// Members on 127.0.0.x, on a port that other runs of the tests do not use.
#pragma once

#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include "socket_transport/socket_transport.h"

namespace muster::test {

inline std::uint16_t test_port() { return static_cast<std::uint16_t>(20000 + getpid() % 20000); }
inline Endpoint loopback(std::uint32_t host) {
  return {.address = 0x7f000000 + host, .port = test_port()};
}
inline Endpoint test_group() { return {.address = 0xef4d0001, .port = test_port()}; }
inline SocketTransportConfig member_config(std::uint32_t host) {
  return {.self = loopback(host), .group = test_group(), .pool_packets = 256, .busy_poll_us = {}};
}

/// What a start complains of.
inline std::string sentence_of(const std::function<void()>& start) {
  try {
    start();
  } catch (const StartError& error) {
    return error.what();
  }
  return "no error";
}
inline std::string sentence_of(const SocketTransportConfig& config) {
  return sentence_of([&] { SocketTransport transport(config); });
}

inline void write(Packet& packet, std::string_view text) {
  std::memcpy(packet.data, text.data(), text.size());
  packet.size = static_cast<std::uint32_t>(text.size());
}
inline std::string_view text_of(const Packet& packet) {
  return {reinterpret_cast<const char*>(packet.data), packet.size};
}
inline void send(SocketTransport& from, const Endpoint& to, std::string_view text) {
  Packet* packet = from.allocate();
  write(*packet, text);
  packet->peer = to;
  from.transmit(*packet);
  from.flush();
}

/// Polls until `count` packets are there, or nothing has come for 200 ms.
inline std::vector<Packet*> receive(SocketTransport& at, std::size_t count) {
  std::vector<Packet*> all(count);
  std::size_t got = 0;
  for (int idle_ms = 0; got < count && idle_ms < 200;) {
    const std::size_t n = at.receive(std::span(all).subspan(got));
    got += n;
    if (n == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ++idle_ms;
    }
  }
  all.resize(got);
  return all;
}

}  // namespace muster::test
