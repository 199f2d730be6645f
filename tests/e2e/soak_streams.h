// What was sent and what came: finds what is lost, doubled, invented, altered or out of order.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace muster::soak {

/// One process of a member: its index, and the how-many-th.
struct Life {
  std::size_t member = 0;
  std::uint32_t number = 0;
  friend auto operator<=>(const Life&, const Life&) = default;
};

class Streams {
 public:
  /// The next message from a process to a member; every text is different.
  std::string next(const Life& from, std::size_t to);
  /// The sender was told that it was not taken.
  void refused(const std::string& text);
  /// The sender was told that so many may not have arrived.
  void undelivered(const Life& from, std::size_t to, std::size_t messages);
  /// `incarnation` is the sender's and `self` the receiver's: together, a session.
  void heard(const Life& at, std::uint64_t incarnation, std::uint64_t self,
             const std::string& text);

  /// Has the last message of the process to the member come?
  bool complete(const Life& from, std::size_t to) const;
  /// Mistakes so far, and gaps within a session. Once all is quiet.
  std::vector<std::string> mistakes() const;
  /// How many were taken and neither arrived nor were reported; 0 or less is right, unless the
  /// receiver was killed with messages in its hands.
  std::int64_t unaccounted(const Life& from, std::size_t to) const;
  std::size_t received() const { return received_; }

 private:
  struct Way {
    Life from;
    std::size_t to = 0;
    friend auto operator<=>(const Way&, const Way&) = default;
  };
  struct Sent {
    std::uint32_t count = 0;
    std::uint32_t last_heard = 0;
    std::size_t heard = 0;
    std::size_t undelivered = 0;
    std::set<std::uint32_t> refused;
  };
  struct Session {
    Way way;
    std::uint32_t receiver = 0;
    std::uint64_t incarnation = 0;
    std::uint64_t self = 0;
    friend auto operator<=>(const Session&, const Session&) = default;
  };
  struct Message {
    Way way;
    std::uint32_t number = 0;
  };
  static std::string text_of(const Message& message);
  static Message parse(const std::string& text);

  std::map<Way, Sent> sent_;
  std::map<Session, std::vector<std::uint32_t>> sessions_;
  std::vector<std::string> mistakes_;
  std::size_t received_ = 0;
};

}  // namespace muster::soak
