// What happened in a soak, in order of time: kept when it fails.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace muster::soak {

class Log {
 public:
  explicit Log(const std::filesystem::path& file) : out_(file) {}

  /// `way`: '>' told to the member, '<' heard from it, '!' done to it.
  void note(std::size_t member, char way, std::string_view what) {
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - begin_;
    out_ << fmt::format("{:9.3f} {} {} {}\n", since.count(), member, way, what);
  }
  void flush() { out_.flush(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::ofstream out_;
};

}  // namespace muster::soak
