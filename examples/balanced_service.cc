// A service at several servers, and a client that spreads its calls over them and does not notice
// when one of them goes.
//
//   balanced_service server.toml            serves /quote until SIGTERM
//   balanced_service client.toml CALLS      calls it so often, and says how many were answered by
//   whom
//
// The protocol runs in threads of its own (mode = "pipelined", the default); this one hears over a
// ring, and its calls are coroutines.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <string>
#include <string_view>

#include "node/config_file.h"
#include "node/node.h"

namespace {

volatile std::sig_atomic_t stop = 0;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

void serve(muster::Node& node, const std::string& name) {
  node.serve("/quote", {}, [&name](const muster::Request&, muster::Responder answer) {
    // Who is at its end has not carried the call out, and says so: it goes on elsewhere.
    if (stop)
      answer.refuse();
    else
      answer.reply(bytes(name));
  });
  std::printf("serving /quote\n");
  std::fflush(stdout);
  while (!stop && !muster::is_final(node.standing())) node.idle(node.poll());
  node.leave();
  while (node.standing() == muster::Standing::member) node.idle(node.poll());
}

struct Tally {
  int ended = 0;
  std::map<std::string, int> answered_by;
};

/// A quote does no harm where it is asked for twice, so a call whose member goes is made again.
muster::Task<> ask(muster::Node& node, Tally& tally) {
  for (;;) {
    const muster::CallAnswer answer =
        co_await node.call("/quote", {}, 5 * muster::second, {.idempotent = true});
    if (answer.sent == muster::SendResult::would_block) {
      co_await node.next_poll();
      continue;
    }
    const std::string by(reinterpret_cast<const char*>(answer.payload.data()),
                         answer.payload.size());
    ++tally.answered_by[answer ? by : "nobody"];
    ++tally.ended;
    co_return;
  }
}

void call(muster::Node& node, int calls) {
  constexpr int at_once = 8;
  const auto goes_on = [&node] { return !stop && !muster::is_final(node.standing()); };
  while (node.lookup("/quote").empty() && goes_on()) node.idle(node.poll());
  Tally tally;
  for (int begun = 0; tally.ended < calls && goes_on(); node.idle(node.poll()))
    for (; begun < calls && begun - tally.ended < at_once; ++begun) node.spawn(ask(node, tally));
  for (const auto& [name, answers] : tally.answered_by)
    std::printf("%s answered %d\n", name.c_str(), answers);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: %s CONFIG.toml [CALLS]\n", argv[0]);
    return 2;
  }
  std::signal(SIGINT, [](int) { stop = 1; });
  std::signal(SIGTERM, [](int) { stop = 1; });
  try {
    muster::Handler nothing;
    const muster::NodeConfig config = muster::load_config(argv[1]);
    muster::Node node(config, nothing);
    if (!node.join(10 * muster::second)) throw muster::StartError("could not join within 10 s");
    if (argc == 2)
      serve(node, config.name);
    else
      call(node, std::atoi(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
