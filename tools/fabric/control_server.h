// The socket through which a running switch is changed and asked.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::fabric {

/// Lines in, lines out, for a bounded number of clients at a time, with bounded lines. Never
/// blocks: poll() does what can be done at once. Used by one thread.
class ControlServer {
 public:
  static constexpr std::size_t clients_max = 16;
  static constexpr std::size_t line_bytes_max = 16 << 10;

  /// Gives the answer to one line; neither has the line's end.
  using Answer = std::function<std::string(std::string_view line)>;

  /// Throws StartError when it cannot listen at `path`.
  ControlServer(const std::string& path, Answer answer);
  /// Removes the socket's file.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  void poll();

 private:
  struct Client {
    int fd;
    std::string received;  ///< an unfinished line, or lines that wait for `unsent`
    std::string unsent;
    bool closing = false;  ///< once `unsent` is out
  };

  void accept_clients();
  bool serve(Client& client);
  void answer_lines(Client& client);

  std::string path_;
  Answer answer_;
  int listener_;
  std::vector<Client> clients_;
};

}  // namespace muster::fabric
