// A member of a talk: sends to all others on several channels whatever they take, checks every byte
// that comes, and tells what it sent and heard when it is asked ("report"); "quiet" stops it
// sending.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/config_file.h"
#include "node/node.h"
#include "tests/e2e/talk_content.h"

namespace muster::talk {
namespace {

using nlohmann::json;

constexpr std::array<ChannelId, 3> channels = {0, 1, 9};
/// Between two polls, to each member on each channel.
constexpr unsigned messages_in_turn = 8;
constexpr DurationNs between_orders_ns = 5'000'000;

/// The messages from `first` to `last`.
using Range = std::pair<std::uint64_t, std::uint64_t>;

struct Sent {
  std::string to;
  std::uint64_t stream = 0;
  std::uint64_t accepted = 0;
  std::vector<Range> undelivered{};
};

struct Heard {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::vector<Range> gaps{};
};

class Talker final : public Handler {
 public:
  explicit Talker(const NodeConfig& config) : dice_(std::random_device()()), node_(config, *this) {}

  int run() {
    TimeNs next_look_ns = 0;
    while (!ended_) {
      const std::size_t work = node_.poll();
      if (!quiet_) send_to_all();
      if (const TimeNs now = monotonic_ns(); now >= next_look_ns) {
        take_orders();
        next_look_ns = now + between_orders_ns;
      }
      node_.idle(work);
    }
    return EXIT_SUCCESS;
  }

 private:
  using Way = std::pair<MemberKey, ChannelId>;

  void send_to_all() {
    for (auto& [way, sent] : sent_)
      for (unsigned i = 0; i < messages_in_turn && open_.contains(way.first); ++i)
        if (!send(way, sent)) break;
  }

  bool send(const Way& way, Sent& sent) {
    write({sent.stream, sent.accepted + 1}, message_);
    if (node_.send(way.first.id, message_, way.second) != SendResult::sent) return false;
    ++sent.accepted;
    return true;
  }

  void on_joined(const MemberInfo& member) override {
    open_.insert(member.key);
    for (const ChannelId channel : channels) {
      const Sent fresh{.to = std::string(member.name), .stream = dice_()};
      // The same incarnation may join again, if this member has lost its own in between.
      const auto [at, first] = sent_.try_emplace({member.key, channel}, fresh);
      if (!first) past_.push_back(std::exchange(at->second, fresh));
    }
  }
  void on_removed(const MemberInfo& member, RemovalReason) override { open_.erase(member.key); }

  void on_message(const Message& message) override {
    const auto which = read(message.bytes(), scratch_);
    ++messages_;
    bytes_ += message.size();
    if (!which) return mistake("a message came that nobody sent so");
    Heard& heard = heard_[which->stream];
    if (heard.first == 0) heard.first = which->number;
    if (which->number <= heard.last) return mistake("a message came twice, or out of order");
    if (heard.last > 0 && which->number > heard.last + 1)
      heard.gaps.emplace_back(heard.last + 1, which->number - 1);
    heard.last = which->number;
  }

  void on_undelivered(const Undelivered& report) override {
    const auto sent = sent_.find({report.to, report.channel});
    const std::uint64_t last = report.first + report.messages - 1;
    if (sent == sent_.end() || last > sent->second.accepted)
      return mistake("messages were reported that were never sent");
    sent->second.undelivered.emplace_back(report.first, last);
  }

  void on_standing(Standing standing) override {
    if (standing == Standing::left) ended_ = true;
    if (standing == Standing::replaced || standing == Standing::refused)
      mistake("this member has lost its place");
  }
  void on_overrun(std::string_view why) override { mistake(std::string(why)); }

  void mistake(const std::string& what) {
    if (mistakes_.size() < 10) mistakes_.push_back(what);
  }

  void take_orders() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    while (::poll(&input, 1, 0) > 0) {
      char buffer[256];
      const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
      if (got <= 0) {
        ended_ = true;
        return;
      }
      orders_.append(buffer, static_cast<std::size_t>(got));
    }
    for (std::size_t end; (end = orders_.find('\n')) != std::string::npos;) {
      const std::string order = orders_.substr(0, end);
      orders_.erase(0, end + 1);
      if (order == "quiet") quiet_ = true;
      if (order == "report") report();
    }
  }

  void report() {
    json sent = json::array();
    const auto tell = [&sent](const Sent& of) {
      sent.push_back({{"stream", of.stream},
                      {"to", of.to},
                      {"accepted", of.accepted},
                      {"undelivered", of.undelivered}});
    };
    for (const auto& [way, of] : sent_) tell(of);
    for (const Sent& of : past_) tell(of);
    json heard = json::array();
    for (const auto& [stream, of] : heard_)
      heard.push_back(
          {{"stream", stream}, {"first", of.first}, {"last", of.last}, {"gaps", of.gaps}});
    const json all{{"event", "report"},
                   {"members", node_.members().size() + 1},
                   {"sent", sent},
                   {"heard", heard},
                   {"messages", messages_},
                   {"bytes", bytes_},
                   {"retransmitted", node_.stats().packets_retransmitted},
                   {"mistakes", mistakes_}};
    fmt::print("{}\n", all.dump());
    std::fflush(stdout);
  }

  struct ByBoth {
    bool operator()(const MemberKey& a, const MemberKey& b) const {
      return std::pair(a.id, a.incarnation) < std::pair(b.id, b.incarnation);
    }
    bool operator()(const Way& a, const Way& b) const {
      if (a.first != b.first) return (*this)(a.first, b.first);
      return a.second < b.second;
    }
  };

  std::mt19937_64 dice_;
  bool quiet_ = false;
  bool ended_ = false;
  std::string orders_;
  std::vector<std::byte> message_;
  std::vector<std::byte> scratch_;
  std::set<MemberKey, ByBoth> open_;
  std::map<Way, Sent, ByBoth> sent_;
  std::vector<Sent> past_;
  std::map<std::uint64_t, Heard> heard_;
  std::uint64_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<std::string> mistakes_;
  Node node_;  // calls back until it has ended
};

NodeConfig config_of(std::span<char*> arguments) {
  NodeConfig config;
  config.idle = Idle::backoff;
  const std::map<std::string_view, std::string*> texts = {{"--name", &config.name},
                                                          {"--cluster", &config.cluster},
                                                          {"--device", &config.device},
                                                          {"--address", &config.address}};
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    const std::string_view option = arguments[i];
    if (option == "--config")
      config = load_config(arguments[i + 1]);
    else if (const auto text = texts.find(option); text != texts.end())
      *text->second = arguments[i + 1];
    else if (option == "--mode")
      config.mode =
          std::string_view(arguments[i + 1]) == "inline" ? Mode::run_inline : Mode::pipelined;
  }
  return config;
}

}  // namespace
}  // namespace muster::talk

int main(int argc, char** argv) {
  try {
    const std::span<char*> all(argv, static_cast<std::size_t>(argc));
    return muster::talk::Talker(muster::talk::config_of(all.subspan(1))).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return EXIT_FAILURE;
  }
}
