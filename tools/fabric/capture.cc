#include "tools/fabric/capture.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tools/errors.h"

namespace muster::fabric {
namespace {

constexpr std::size_t buffer_bytes = 256 << 10;
/// A jumbo frame and what either format adds to it.
constexpr std::size_t record_bytes_max = 10 << 10;

}  // namespace

void check_capture_name(const std::string& path) {
  if (!capture_format(path))
    throw UsageError(fmt::format(
        "--capture {}: the file's ending chooses the format; use .pcapng or .pcap", path));
}

Capture::Capture(const std::string& path, std::size_t ports) : path_(path) {
  check_capture_name(path);
  format_ = capture_format(path);
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0)
    throw StartError(
        fmt::format("--capture {}: cannot be written ({}); name a file in a folder "
                    "that you may write",
                    path, std::strerror(errno)));
  buffer_.reserve(buffer_bytes + record_bytes_max);
  format_->begin(buffer_, ports);
}

Capture::~Capture() {
  flush();
  if (file_ >= 0) ::close(file_);
}

void Capture::record(std::size_t port, TimeNs wall_ns, std::span<const std::byte> bytes) {
  if (file_ < 0) return;
  format_->frame(buffer_, port, wall_ns, bytes);
  if (buffer_.size() >= buffer_bytes) flush();
}

void Capture::flush() {
  std::string_view left = buffer_;
  while (file_ >= 0 && !left.empty()) {
    const ssize_t written = ::write(file_, left.data(), left.size());
    if (written >= 0) {
      left.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      fmt::print(stderr, "muster fabric: the capture ends here, {} cannot be written: {}\n", path_,
                 std::strerror(errno));
      ::close(file_);
      file_ = -1;
    }
  }
  buffer_.clear();
}

}  // namespace muster::fabric
