// A member of a cluster: what a server links.
//
//   #include "node/config_file.h"
//   #include "node/node.h"
//
//   muster::Node node(muster::load_config("server.toml"), handler);
//   if (!node.join(5 * muster::second)) return 1;
//   node.serve("/shop/pay", {}, [](const muster::Request& request, muster::Responder answer) {
//     answer.reply(request.payload);
//   });
//   for (;;) node.idle(node.poll());
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "cluster/attributes.h"
#include "cluster/directory/batch.h"
#include "cluster/types.h"
#include "node/client.h"
#include "node/config.h"
#include "node/errors.h"
#include "node/handler.h"
#include "node/idle_choice.h"
#include "node/port_info.h"
#include "node/stats.h"

namespace muster {

enum class AdvertiseResult : std::uint8_t {
  done,
  unchanged,     ///< it was so already
  invalid_path,  ///< not "/segment/segment…", longer than 255 bytes, or below "/topics"
  too_large,     ///< a value of more than 64 KiB, or a batch of more than Batch allows
  full,          ///< this member's part of the directory has reached its limit
  would_block,   ///< the queue to the engine thread is full: poll(), and try again
  closed,        ///< this member has left or was refused
};

/// What a thread of its own gets of a node.
struct ClientConfig {
  /// The channels that only this thread sends on and hears, so many from the first on. What nobody
  /// else was given the thread of the node has.
  ChannelId first_channel = 1;
  std::uint8_t channels = 1;
  /// Keeps a copy of the directory for lookup(), pick(), watch() and for calls by name. It is told
  /// in steps what there is.
  bool directory = true;
};

/// A member. To the thread that made it also its client; what only this one may do stands here.
class Node : public Client {
 public:
  /// Opens the port, starts the threads of a pipelined node, and begins to join. `handler` outlives
  /// the node. Throws ConfigError, or StartError: one sentence that names what is in the way and
  /// the remedy.
  Node(const NodeConfig& config, Handler& handler);
  /// Leaves, if that has not been done, and ends the threads: within 200 ms, whatever the other
  /// members do. What was sent goes out before, as ~Client() says. Calls that wait end without a
  /// callback, coroutines that wait are not resumed.
  ~Node();
  Node(Node&&) noexcept;
  Node& operator=(Node&&) = delete;

  /// Polls until this member is one, and returns true; false when that takes longer than
  /// `timeout_ns`. Blocks. The names of others may not be here yet: see synchronized(). Throws
  /// StartError with the reason when it can never be, as another member has the name, or not for as
  /// long as the port is lost: then it may be called again.
  bool join(DurationNs timeout_ns);
  /// Tells the others. standing() becomes `left` within a poll() or two, and stays that.
  void leave();

  /// Binds `path` in this member's part of the tree to a value of up to 64 KiB, with attributes; a
  /// second time replaces both. Lookups show it once poll() has heard it, as they do for the
  /// bindings of others.
  AdvertiseResult advertise(std::string_view path, std::span<const std::byte> value = {},
                            Attributes attributes = {});
  AdvertiseResult advertise(std::string_view path, std::string_view value,
                            Attributes attributes = {});
  /// All changes of a batch, which become visible together (see Batch); where one of them is
  /// refused none is made.
  AdvertiseResult advertise(const Batch& batch);
  /// Also ends serve() for that path.
  AdvertiseResult withdraw(std::string_view path);
  /// The same for all that this member advertises, as one change. All topics and subscriptions of
  /// this node end with it, those of other threads too.
  AdvertiseResult withdraw_all();

  /// Advertises `path` and answers calls to it, in place of what answer() was given, until it is
  /// withdrawn. Calls to a path that is not served are answered with CallOutcome::no_such_service.
  AdvertiseResult serve(std::string_view path, std::span<const std::byte> value,
                        ServiceHandler handler, Attributes attributes = {});

  /// For another thread of a pipelined node: calls its functions and is called back there, so it
  /// has a handler of its own, which outlives it. Should it outlive the node it hears that this
  /// member has left, and its functions say `closed`; the port is closed with the last of them. A
  /// message of which a part has come on one of its channels by then is heard by this thread, with
  /// what shares its last packet. Waits for the engine thread, some tenths of a millisecond as a
  /// rule. Throws StartError where the channels are not this thread's, or the node is inline.
  Client attach(const ClientConfig& config, Handler& handler);

  /// How it was opened. Any thread.
  const PortInfo& port() const;
  /// How its threads, and idle(), wait. Any thread.
  const IdleChoice& waits() const;
  /// Pipelined: asks its threads, and waits for some tenths of a second at most for each that does
  /// not come round. Allocates.
  NodeStats stats() const;

 private:
  struct Parts;
  Parts& parts() const;
  friend Node make_node(const NodeConfig& config, Handler& handler,
                        std::vector<std::unique_ptr<Transport>> queues);
  explicit Node(std::unique_ptr<Parts> parts);
};

}  // namespace muster
