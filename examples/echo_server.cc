// A server that offers one service to its cluster: whoever calls /echo gets back what it sent.
//
//   echo_server server.toml
//
// where server.toml says who this member is, and at which port:
//
//   name = "echo-1"
//   cluster = "demo"
//   device = "net_memif0,role=client,id=0,socket=/tmp/muster.sock"
//   address = "10.77.0.1/24"
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "node/config_file.h"
#include "node/node.h"

namespace {

volatile std::sig_atomic_t stop = 0;

// What the cluster tells us. Override what you want to hear; all of it comes from node.poll(), on
// the thread that calls it, so nothing here needs a lock.
class Log : public muster::Handler {
 public:
  void on_joined(const muster::MemberInfo& member) override {
    std::printf("%.*s has joined\n", static_cast<int>(member.name.size()), member.name.data());
  }
  void on_removed(const muster::MemberInfo& member, muster::RemovalReason reason) override {
    std::printf("%.*s %s\n", static_cast<int>(member.name.size()), member.name.data(),
                reason == muster::RemovalReason::died ? "has died" : "has left");
  }
  // What a server cannot go on after, unless it makes a new node.
  void on_standing(muster::Standing standing) override {
    if (standing == muster::Standing::refused || standing == muster::Standing::replaced)
      end("another member has this name or this address");
  }
  void on_overrun(std::string_view why) override { end(why); }
  void on_port_lost(std::string_view why) override { end(why); }

  std::string why_ended;

 private:
  void end(std::string_view why) {
    why_ended = why;
    stop = 1;
  }
};

void run(const std::string& config_path) {
  Log log;
  // Opens the port and begins to join. Whatever is wrong is thrown, in one sentence.
  muster::Node node(muster::load_config(config_path), log);
  if (!node.join(10 * muster::second)) throw muster::StartError("could not join within 10 s");

  // Binds the name in this member's part of the directory, which every other member gets a copy of,
  // and answers the calls to it.
  int calls = 0;
  node.serve("/echo", {}, [&calls](const muster::Request& request, muster::Responder answer) {
    ++calls;
    answer.reply(request.payload);  // the bytes still lie in the packet that brought them
  });
  std::printf("serving /echo\n");
  std::fflush(stdout);

  // The main loop of a server: everything happens in poll(), and idle() waits as the configuration
  // says, spinning or backing off.
  while (!stop) node.idle(node.poll());

  // The others hear at once that we are gone, and our name vanishes from their directories.
  node.leave();
  while (node.standing() == muster::Standing::member) node.idle(node.poll());
  std::printf("answered %d calls\n", calls);
  if (!log.why_ended.empty()) throw muster::StartError(log.why_ended);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CONFIG.toml\n", argv[0]);
    return 2;
  }
  std::signal(SIGINT, [](int) { stop = 1; });
  std::signal(SIGTERM, [](int) { stop = 1; });
  try {
    run(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
