// What is kept of the calls that may be made again at another member (docs/protocol.md §8.2).
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/directory/pick.h"
#include "cluster/types.h"
#include "node/node.h"

namespace muster {

/// One such call, and whom it has been sent to.
struct Repeat {
  std::string path;
  std::string key;  ///< of Pick::sticky()
  std::vector<std::byte> payload;
  CallOptions options;
  std::vector<MemberId> asked;
  bool waits = false;  ///< for room to be sent

  bool has_asked(MemberId id) const { return std::ranges::find(asked, id) != asked.end(); }
};

/// Used again and again, so that in steady state nothing is allocated. Not thread-safe.
class Repeats {
 public:
  struct GiveBack {
    Repeats* repeats = nullptr;
    void operator()(Repeat* repeat) const { repeats->give(*repeat); }
  };
  /// Must not outlive the Repeats.
  using Kept = std::unique_ptr<Repeat, GiveBack>;

  /// Of all payloads together no more than `bytes_max` is kept; one is always taken.
  explicit Repeats(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// nullptr: the limit is reached.
  Kept take(std::string_view path, std::span<const std::byte> payload, const CallOptions& options) {
    if (bytes_ > 0 && bytes_ + payload.size() > bytes_max_) return {};
    if (free_.empty()) {
      all_.push_back(std::make_unique<Repeat>());
      free_.reserve(all_.size());
      free_.push_back(all_.back().get());
    }
    Kept kept(free_.back(), {this});
    free_.pop_back();
    bytes_ += payload.size();
    kept->path = path;
    kept->key = options.pick.key;
    kept->payload.assign(payload.begin(), payload.end());
    kept->options = options;
    kept->options.pick.key = kept->key;
    kept->asked.clear();
    kept->waits = false;
    return kept;
  }

 private:
  /// A payload larger than this gives its memory back.
  static constexpr std::size_t spare_bytes_max = 4096;

  void give(Repeat& repeat) {
    bytes_ -= repeat.payload.size();
    if (repeat.payload.capacity() > spare_bytes_max) repeat.payload = {};
    free_.push_back(&repeat);
  }

  const std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::vector<std::unique_ptr<Repeat>> all_;
  std::vector<Repeat*> free_;
};

}  // namespace muster
