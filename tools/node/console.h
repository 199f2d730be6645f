// A node that a person (or a script) talks to: events go out as lines, commands come in as lines.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "node/node.h"
#include "tools/node/output.h"
#include "tools/node/pinger.h"

namespace muster::node_command {

class Console : public Handler {
 public:
  /// What it does once its port is lost.
  enum class LostPort { ends, waits };
  Console(const std::string& name, const Output& output, LostPort lost_port)
      : output_(output), lost_port_(lost_port), names_{{member_id(name), name}} {}

  /// The node that is talked to. Before anything else.
  void attach(Node& node) { node_ = &node; }
  /// One line of input; "help" says what can be said.
  void command(std::string_view line);
  /// Goes on with what a command has begun.
  void step() {
    if (!pinger_.step(*node_)) output_.complain("ping: no such member, or no answer from it");
  }
  /// Answers calls to `path` with their own payload.
  void serve_echo(const std::string& path);
  /// Which port the node has, and why this one so.
  void say_start();

  bool done() const { return done_; }
  /// Not empty when the node cannot go on.
  const std::string& failure() const { return failure_; }

  void on_standing(Standing standing) override;
  void on_joined(const MemberInfo& member) override;
  void on_suspected(const MemberInfo& member) override;
  void on_refuted(const MemberInfo& member) override;
  void on_removed(const MemberInfo& member, RemovalReason reason) override;
  void on_bound(const Binding& binding) override;
  void on_withdrawn(const Binding& binding) override;
  void on_synchronized() override;
  void on_message(const Message& message) override;
  void on_undelivered(const Undelivered& undelivered) override;
  void on_path(const PathEvent& event) override;
  void on_port_lost(std::string_view why) override;
  void on_overrun(std::string_view why) override;

 private:
  void send(const std::string& member, const std::string& text);
  void call(const std::string& path, const std::string& text);
  void say_members();
  void say_tree();
  void say_stats();
  void say_state();
  void check(AdvertiseResult result, const std::string& path);
  std::string name_of(MemberId id) const;

  const Output& output_;
  LostPort lost_port_;
  Node* node_ = nullptr;
  Pinger pinger_;
  std::map<MemberId, std::string> names_;
  bool done_ = false;
  std::string failure_;
};

}  // namespace muster::node_command
