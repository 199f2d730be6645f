// Writes the corpora anew, from the packets of simulated clusters: to be run when the layout
// changes. For the parser a packet of each type and size class; for the member the packets that
// one of them received, in order, as fuzz_member reads them: a configuration and records. What is
// not written anew can be removed.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cluster/wire/parse.h"
#include "tests/sim/run.h"

namespace {

using namespace muster;

constexpr std::uint64_t session_bytes_max = 3'500;
constexpr std::size_t of_each_type_max = 8;  // in a session: its rarer packets find room too
constexpr std::size_t small_bytes_max = 128;
constexpr std::uint8_t addressed = 1, expected = 2;  // records of fuzz_member
constexpr std::uint64_t seeds = 60;
constexpr std::uint64_t sessions = 16;  // of the first seeds

class Recorder final : public sim::Mutation {
 public:
  explicit Recorder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void arriving(std::size_t server, std::span<std::byte> bytes) override {
    wire::Parsed parsed;
    if (wire::parse(bytes, cluster_id("simulated"), parsed)) return;  // garbage
    const std::uint8_t type = parsed.header->type;
    constexpr std::size_t size_class = 400;
    if (kinds_.insert({type, bytes.size() / size_class}).second)
      write(fmt::format("parse/type-{}-{}", type, bytes.size()), {bytes.begin(), bytes.end()});
    if (bytes.size() <= small_bytes_max)
      small_.try_emplace(type, std::vector<std::byte>(bytes.begin(), bytes.end()));
    if (server == 0) record(bytes);
  }
  /// Each of the configurations that fuzz_member knows, in turn. At its end a session has a small
  /// packet of each type, from a member: the rare ones would seldom be there.
  void finish(std::uint64_t seed) {
    for (const auto& [type, bytes] : small_) put_packet(expected, bytes);
    write(fmt::format("member/session-{}", seed), session_);
    session_.clear();
    of_type_ = {};
    configuration_ = static_cast<std::byte>(seed % 8);
  }

 private:
  void record(std::span<const std::byte> bytes) {
    if (session_.empty()) session_.push_back(configuration_);
    if (session_.size() + bytes.size() > session_bytes_max) return;
    const std::uint8_t type = reinterpret_cast<const wire::Header*>(bytes.data())->type;
    if (++of_type_[type] > of_each_type_max) return;
    put_packet(addressed, bytes);
  }
  void put_packet(std::uint8_t how, std::span<const std::byte> bytes) {
    const auto put = [&](auto... values) {
      (session_.push_back(static_cast<std::byte>(values)), ...);
    };
    constexpr std::uint8_t after = 4, transmit = 6;
    constexpr std::uint16_t time = 400;  // in the unit of fuzz_member
    put(how, bytes.size() & 0xff, bytes.size() >> 8);
    session_.insert(session_.end(), bytes.begin(), bytes.end());
    put(after, time & 0xff, time >> 8, transmit);
  }
  void write(const std::string& name, const std::vector<std::byte>& bytes) {
    std::ofstream file(folder_ / name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  std::filesystem::path folder_;
  std::set<std::pair<std::uint8_t, std::size_t>> kinds_;
  std::map<std::uint8_t, std::vector<std::byte>> small_;  // the first of each type
  std::byte configuration_{};
  std::array<std::size_t, UINT8_MAX + 1> of_type_{};
  std::vector<std::byte> session_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s tests/fuzz/corpus\n", argv[0]);
    return 2;
  }
  Recorder recorder(argv[1]);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    sim::run(seed, nullptr, &recorder);
    if (seed <= sessions) recorder.finish(seed);
  }
  return 0;
}
