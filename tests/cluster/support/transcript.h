// A conversation about the directory as a reader would tell it, one packet a line.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "tests/cluster/support/segment.h"

namespace muster::test {

/// "ann -> all: changes 0 to 1: +/db".
class Transcript {
 public:
  explicit Transcript(const std::map<MemberId, std::string>& names) : names_(names) {}

  /// A multicast is one line, however many it goes to.
  void note(const Segment::Transit& transit);
  /// The packet noted last does not reach `to`.
  void note_lost(const Segment::Host& to);
  void say(std::string_view what) { text_ += "   " + std::string(what) + "\n"; }
  /// Heartbeats of this version and later are noted, once each.
  void note_heartbeats_from(Version version) { heartbeats_from_ = version; }

  const std::string& text() const { return text_; }

 private:
  std::string describe(const wire::Parsed& packet);
  std::string describe(const wire::SyncRequest& request);
  std::string describe(const wire::SyncAnswerView& answer);
  std::string name(std::uint64_t owner) const;

  const std::map<MemberId, std::string>& names_;
  std::pair<std::uint64_t, std::uint64_t> last_;  // sender and number of the packet noted last
  Version heartbeats_from_ = UINT64_MAX;
  std::string text_;
};

}  // namespace muster::test
