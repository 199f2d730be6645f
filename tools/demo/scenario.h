// What the demo shows: a cluster from its first join to its last leave, each step checked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/demo/summary.h"
#include "tools/lab/stage.h"

namespace muster::demo {

class Scenario {
 public:
  Scenario(lab::Stage& stage, Summary& summary) : stage_(stage), summary_(summary) {}

  /// All steps; after the first that fails, no more.
  void play();

 private:
  void join();
  void advertise();
  void talk();
  void call();
  void lose_an_advertisement();
  void join_late();
  void kill();
  void leave();

  /// Opens a step; it fails unless finish() is reached.
  Step& begin(const std::string& name, const std::string& says);
  /// Waits for what the step promises and notes how long it took in `unit`_ms; false: it failed.
  bool expect(Step& step, const std::string& measured, const std::function<bool()>& done,
              const std::string& otherwise);
  void show();

  bool all_see_members(const std::vector<std::string>& names) const;
  bool all_see_name(const std::string& path, bool bound) const;
  bool trees_equal() const;
  /// What the server counts, asked now.
  nlohmann::json stats(const std::string& server);

  lab::Stage& stage_;
  Summary& summary_;
};

}  // namespace muster::demo
