#include "dpdk_transport/log.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <string_view>

#include <fmt/format.h>
#include <rte_alarm.h>
#include <rte_interrupts.h>
#include <rte_log.h>
#include <sys/types.h>

#include "dpdk_transport/burst_gate.h"

namespace muster::dpdk {

namespace {

constexpr const char* memif_log = "pmd.net.memif";
constexpr std::string_view hang_up_prefix = "Disconnect received: ";

constexpr std::size_t errors_bytes_max = 500;

/// Errors that come with others, which say more, and with no trouble at all.
constexpr std::string_view says_nothing[] = {
    "Failed to register mp action callback",  // memif, where processes share nothing
    "Failed to attach device on primary process",
    "failed to initialize",
    "Driver cannot attach the device",
};

struct Log {
  std::mutex mutex;
  int captures = 0;
  std::string errors;
  std::string hang_up;
  bool verbose = false;
  int memif_type = -1;
  std::uint32_t memif_level = RTE_LOG_CRIT;  ///< what of memif's log is printed

  void keep_error(const std::string& line) {
    for (const std::string_view known : says_nothing)
      if (line.find(known) != std::string::npos) return;
    if (errors.size() < errors_bytes_max) errors += (errors.empty() ? "" : "; ") + line;
  }

  /// Levels above this are not printed; DPDK has filtered by its own levels already.
  std::uint32_t printed(bool memif) const {
    if (memif) return memif_level;
    return captures > 0 && !verbose ? RTE_LOG_CRIT : RTE_LOG_DEBUG;
  }
};
/// Never destroyed: DPDK's interrupt thread may say something while the process ends.
Log& log() {
  static Log& instance = *new Log;
  return instance;
}

std::string one_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '.'))
    text.remove_suffix(1);
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

void control_message_handled(void*) { BurstGate::open(); }

/// What DPDK's log stream does with a message.
ssize_t consume(void*, const char* data, std::size_t size) {
  const std::string_view text(data, size);
  const auto level = static_cast<std::uint32_t>(rte_log_cur_msg_loglevel());
  const int type = rte_log_cur_msg_logtype();
  const bool memif = type == log().memif_type;
  if (memif && rte_thread_is_intr() != 0) {
    BurstGate::close();
    if (rte_eal_alarm_set(1, control_message_handled, nullptr) != 0) BurstGate::open();
  }

  const std::lock_guard lock(log().mutex);
  if (level <= RTE_LOG_ERR && log().captures > 0) log().keep_error(one_line(text));
  if (const auto at = text.find(hang_up_prefix); memif && at != std::string_view::npos)
    log().hang_up = one_line(text.substr(at + hang_up_prefix.size()));
  if (level <= log().printed(memif)) std::fwrite(data, 1, size, stderr);
  return static_cast<ssize_t>(size);
}

}  // namespace

void take_over_log(bool verbose) {
  log().verbose = verbose;
  FILE* stream = fopencookie(
      nullptr, "w", {.read = nullptr, .write = consume, .seek = nullptr, .close = nullptr});
  if (stream == nullptr) return;
  std::setvbuf(stream, nullptr, _IONBF, 0);
  rte_openlog_stream(stream);
}

void watch_interrupts() {
  BurstGate::prepare();
  const int type = rte_log_register(memif_log);
  if (type < 0) return;
  const int level = rte_log_get_level(static_cast<std::uint32_t>(type));
  {
    const std::lock_guard lock(log().mutex);
    log().memif_type = type;
    // Its connection attempts fail loudly as a matter of course.
    if (log().verbose && level > 0) log().memif_level = static_cast<std::uint32_t>(level);
  }
  rte_log_set_level(static_cast<std::uint32_t>(type), RTE_LOG_DEBUG);
  rte_log_set_global_level(RTE_LOG_DEBUG);
}

LogCapture::LogCapture() {
  const std::lock_guard lock(log().mutex);
  if (log().captures++ > 0) return;
  log().errors.clear();
  log().hang_up.clear();
}

LogCapture::~LogCapture() {
  const std::lock_guard lock(log().mutex);
  --log().captures;
}

std::string LogCapture::errors() const {
  const std::lock_guard lock(log().mutex);
  return log().errors;
}

std::string LogCapture::hang_up() const {
  const std::lock_guard lock(log().mutex);
  return log().hang_up;
}

std::string LogCapture::quoted() const {
  const std::string text = errors();
  return text.empty() ? "" : fmt::format(" (DPDK: {})", text);
}

}  // namespace muster::dpdk
