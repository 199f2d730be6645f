// A cache that is spread over the servers of a cluster. Each key is kept by one of them; the others
// keep copies of what they were asked for, and each drops its own once it hears of a change. Nobody
// waits for that: for a moment after a change is confirmed another server may show what was before.
//
//   replicated_cache server.toml
//
// Lines on the standard input are commands: "set KEY VALUE", "get KEY". The same thread polls the
// node: with mode = "inline" in the file there is no other.
#include <array>
#include <cstdio>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "node/config_file.h"
#include "node/node.h"

namespace {

constexpr std::string_view service = "/cache";
constexpr muster::DurationNs within = 2 * muster::second;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
void say(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  std::fflush(stdout);
}

class Cache : public muster::Handler {
 public:
  explicit Cache(const std::string& config_path) : node_(muster::load_config(config_path), *this) {
    if (!node_.join(10 * muster::second)) throw muster::StartError("could not join within 10 s");
    // One name for all who keep a part. A request is "KEY", or "KEY VALUE" for a change.
    node_.serve(service, {}, [this](const muster::Request& request, muster::Responder answer) {
      const std::string wanted = text(request.payload);
      const std::size_t space = wanted.find(' ');
      if (space != wanted.npos) change(wanted.substr(0, space), wanted.substr(space + 1));
      answer.reply(bytes(kept_[wanted.substr(0, space)]));
    });
    // Who does not see all who keep a part would take others' keys for its own.
    while (open() && (!node_.synchronized() || node_.lookup(service).empty())) turn();
  }
  bool open() const { return !muster::is_final(node_.standing()); }

  void command(const std::string& line) {
    const bool sets = line.starts_with("set ");
    if (line.size() < 5 || (!sets && !line.starts_with("get "))) return say("set or get?");
    const std::string request = line.substr(4);
    const std::string key = request.substr(0, request.find(' '));
    if (const auto copy = copies_.find(key); !sets && copy != copies_.end())
      return say(key + " = " + copy->second + " (copy)");
    const auto keeper = node_.pick(service, muster::Pick::sticky(key));
    if (keeper != node_.self()) return ask(keeper, key, request);
    if (sets) change(key, request.substr(std::min(request.size(), key.size() + 1)));
    say(key + " = " + kept_[key] + " (kept)");
  }

  /// One turn of the server's loop.
  void turn() {
    const std::size_t work = node_.poll();
    // Whoever had no room before: nothing here waits for a slow member.
    for (auto at = stale_.begin(); at != stale_.end();) {
      const auto result = node_.send(at->first, bytes(at->second));
      at = result == muster::SendResult::would_block ? std::next(at) : stale_.erase(at);
    }
    node_.idle(work);
  }

 private:
  void ask(const std::optional<muster::MemberKey>& keeper, const std::string& key,
           const std::string& request) {
    const auto answered = [this, key](muster::CallOutcome outcome,
                                      std::span<const std::byte> value) {
      if (outcome != muster::CallOutcome::ok) return say(key + " cannot be reached");
      // The answer came on the channel that brings the changes, so after those that came before it.
      copies_[key] = text(value);
      say(key + " = " + copies_[key] + " (fetched)");
    };
    if (!keeper || node_.call(keeper->id, service, bytes(request), within, answered).result !=
                       muster::SendResult::sent)
      say(key + " cannot be asked for");
  }

  void change(const std::string& key, std::string value) {
    kept_[key] = std::move(value);
    for (const muster::MemberView& member : node_.members()) stale_.emplace(member.key.id, key);
  }

  /// Its keeper has changed it.
  void on_message(const muster::Message& message) override { copies_.erase(text(message.bytes())); }
  /// Keys move with the members; and who was not connected for a while was not told of changes.
  void on_bound(const muster::Binding&) override { copies_.clear(); }
  void on_withdrawn(const muster::Binding&) override { copies_.clear(); }

  std::map<std::string, std::string> kept_;
  std::map<std::string, std::string> copies_;
  std::set<std::pair<muster::MemberId, std::string>> stale_;  ///< who is to drop what
  muster::Node node_;                                         // last: it calls back
};

/// False at the end of the input.
bool read_lines(std::string& input, Cache& cache) {
  std::array<char, 4096> buffer;
  const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count == 0) return false;
  if (count > 0) input.append(buffer.data(), static_cast<std::size_t>(count));
  for (std::size_t end; (end = input.find('\n')) != input.npos; input.erase(0, end + 1))
    cache.command(input.substr(0, end));
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CONFIG.toml\n", argv[0]);
    return 2;
  }
  try {
    Cache cache(argv[1]);
    say("ready");
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    std::string input;
    while (cache.open() && read_lines(input, cache)) cache.turn();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
