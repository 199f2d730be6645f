#include "tests/e2e/soak_streams.h"

#include <sstream>

#include <fmt/format.h>

namespace muster::soak {

std::string Streams::text_of(const Message& message) {
  const auto& [way, number] = message;
  const char letter = static_cast<char>('a' + number % 26);
  return fmt::format("{} {} {} {} {}", way.from.member, way.from.number, way.to, number,
                     std::string(1 + number * 37 % 600, letter));
}

Streams::Message Streams::parse(const std::string& text) {
  std::istringstream in(text);
  Message message;
  in >> message.way.from.member >> message.way.from.number >> message.way.to >> message.number;
  return message;
}

std::string Streams::next(const Life& from, std::size_t to) {
  const Way way{from, to};
  return text_of({way, ++sent_[way].count});
}

void Streams::refused(const std::string& text) {
  const Message message = parse(text);
  sent_[message.way].refused.insert(message.number);
}

void Streams::undelivered(const Life& from, std::size_t to, std::size_t messages) {
  sent_[{from, to}].undelivered += messages;
}

void Streams::heard(const Life& at, std::uint64_t incarnation, std::uint64_t self,
                    const std::string& text) {
  const Message message = parse(text);
  const auto& [way, number] = message;
  const auto found = sent_.find(way);
  if (found == sent_.end() || number == 0 || number > found->second.count || way.to != at.member ||
      text != text_of(message)) {
    mistakes_.push_back(fmt::format("member {} heard what nobody sent to it: {}", at.member, text));
    return;
  }
  Sent& sent = found->second;
  if (number <= sent.last_heard)
    mistakes_.push_back(fmt::format("member {} heard message {} of member {} after message {}",
                                    at.member, number, way.from.member, sent.last_heard));
  sent.last_heard = number;
  ++sent.heard;
  ++received_;
  sessions_[{way, at.number, incarnation, self}].push_back(number);
}

bool Streams::complete(const Life& from, std::size_t to) const {
  const auto found = sent_.find({from, to});
  return found == sent_.end() || found->second.last_heard == found->second.count;
}

std::vector<std::string> Streams::mistakes() const {
  std::vector<std::string> all = mistakes_;
  for (const auto& [session, numbers] : sessions_) {
    const Way& way = session.way;
    const auto& refused = sent_.at(way).refused;
    std::uint32_t expected = numbers.front();
    for (const std::uint32_t number : numbers) {
      for (; expected < number; ++expected)
        if (!refused.contains(expected))
          all.push_back(fmt::format("member {} missed message {} of member {} within a session",
                                    way.to, expected, way.from.member));
      expected = number + 1;
      if (refused.contains(number))
        all.push_back(fmt::format("member {} heard message {} of member {}, which was refused",
                                  way.to, number, way.from.member));
    }
  }
  return all;
}

std::int64_t Streams::unaccounted(const Life& from, std::size_t to) const {
  const auto found = sent_.find({from, to});
  if (found == sent_.end()) return 0;
  const Sent& sent = found->second;
  const std::size_t taken = sent.count - sent.refused.size();
  return static_cast<std::int64_t>(taken) -
         static_cast<std::int64_t>(sent.heard + sent.undelivered);
}

}  // namespace muster::soak
