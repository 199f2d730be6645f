#include "dpdk_transport/eal.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "dpdk_transport/huge_pages.h"
#include "dpdk_transport/log.h"

namespace muster::dpdk {

namespace {

constexpr const char* file_prefix = "muster-";

/// The calling thread as it was: EAL pins the thread that starts it, and the threads it makes
/// inherit the signal mask. With every signal blocked in those, the application's handlers run on
/// the application's threads, and a memif peer that hangs up cannot kill us by SIGPIPE. Except what
/// a thread's own fault raises: blocked, that ends the process past every handler, without a word.
class CallerUntouched {
 public:
  CallerUntouched() {
    has_affinity_ = sched_getaffinity(0, sizeof affinity_, &affinity_) == 0;
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &signals_);
  }
  ~CallerUntouched() {
    pthread_sigmask(SIG_SETMASK, &signals_, nullptr);
    if (has_affinity_) sched_setaffinity(0, sizeof affinity_, &affinity_);
  }
  CallerUntouched(const CallerUntouched&) = delete;
  CallerUntouched& operator=(const CallerUntouched&) = delete;

  /// Every CPU that the caller may use, as EAL spells it.
  std::string cpus() const {
    std::string list;
    for (unsigned cpu = 0; has_affinity_ && cpu < RTE_MAX_LCORE; ++cpu)
      if (CPU_ISSET(cpu, &affinity_)) list += fmt::format("{}{}", list.empty() ? "" : ",", cpu);
    return list.empty() ? "0" : list;
  }

 private:
  cpu_set_t affinity_{};
  bool has_affinity_ = false;
  sigset_t signals_{};
};

/// EAL makes a folder for its files, where other users' EALs want theirs as well. We have no files:
/// the folder is a private one while EAL starts, and then there is none.
class RuntimeFolder {
 public:
  RuntimeFolder() {
    if (getuid() == 0) return;  // EAL uses /var/run then, whatever we say
    std::string path = "/tmp/muster-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) return;
    folder_ = path;
    if (const char* before = std::getenv(variable)) before_ = before;
    setenv(variable, folder_.c_str(), 1);
  }
  ~RuntimeFolder() {
    if (const char* made = rte_eal_get_runtime_dir(); made != nullptr && *made != '\0')
      remove_ours(std::filesystem::path(made).parent_path());
    if (folder_.empty()) return;
    rmdir((folder_ + "/dpdk").c_str());
    rmdir(folder_.c_str());
    if (before_)
      setenv(variable, before_->c_str(), 1);
    else
      unsetenv(variable);
  }
  RuntimeFolder(const RuntimeFolder&) = delete;
  RuntimeFolder& operator=(const RuntimeFolder&) = delete;

 private:
  static constexpr const char* variable = "XDG_RUNTIME_DIR";

  /// Those of processes that were killed while they started as well: all are empty.
  static void remove_ours(const std::filesystem::path& parent) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(parent, error))
      if (entry.path().filename().string().starts_with(file_prefix)) rmdir(entry.path().c_str());
  }

  std::string folder_;
  std::optional<std::string> before_;
};

/// Threads may float over `cpus`, so that nothing is pinned that the caller did not pin.
std::vector<std::string> arguments_of(const EalConfig& config, const std::string& cpus) {
  std::vector<std::string> arguments = {"muster",
                                        "--no-telemetry",
                                        fmt::format("--file-prefix={}{}", file_prefix, getpid()),
                                        "--lcores=0@(" + cpus + ")",
                                        "--log-level=*:error",
                                        "-m",
                                        std::to_string(config.memory_mb),
                                        // For memifs without copies, which hand it over whole.
                                        "--single-file-segments"};
  // --in-memory and --no-shconf each mean that nothing is left in the file system.
  if (config.hugepages)
    arguments.emplace_back("--in-memory");
  else
    arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
  // Of the PCI devices only those that are opened by name are taken.
  if (config.pci)
    arguments.insert(arguments.end(), {"-a", "0000:00:00.0"});
  else
    arguments.emplace_back("--no-pci");
  arguments.insert(arguments.end(), config.extra_arguments.begin(), config.extra_arguments.end());
  return arguments;
}

std::string why_not(const EalConfig& config, int error, const LogCapture& log) {
  const std::string quoted = log.quoted();
  if (error == EALREADY)
    return "DPDK's EAL was started before by other code of this process: let muster start it";
  if (const std::uint64_t free_mb = free_huge_pages_mb();
      config.hugepages && free_mb < config.memory_mb)
    return fmt::format(
        "DPDK needs {} MiB of free hugepages, and this machine has {}: reserve more with "
        "`scripts/nic prepare`, lower memory_mb, or set hugepages to false",
        config.memory_mb, free_mb);
  if (error == ENOMEM || log.errors().find("memory") != std::string::npos)
    return fmt::format("DPDK cannot get {} MiB of memory: free some, or lower memory_mb{}",
                       config.memory_mb, quoted);
  if (error == EACCES || error == EPERM)
    return fmt::format(
        "DPDK may not do what its configuration asks for: run as root, or set "
        "hugepages to false{}",
        quoted);
  if (error == EINVAL && !config.extra_arguments.empty())
    return fmt::format("DPDK does not accept the extra EAL arguments \"{}\": correct them{}",
                       fmt::join(config.extra_arguments, " "), quoted);
  return fmt::format(
      "DPDK cannot start, {}: run with the extra EAL argument --log-level=debug to "
      "see why{}",
      std::strerror(error), quoted);
}

void initialize(const EalConfig& config) {
  const CallerUntouched caller;
  const RuntimeFolder folder;
  std::vector<std::string> arguments = arguments_of(config, caller.cpus());
  // EAL permutes the array and keeps pointers into the strings.
  static std::vector<std::string> kept;
  kept = std::move(arguments);
  std::vector<char*> argv;
  argv.reserve(kept.size() + 1);
  for (std::string& argument : kept) argv.push_back(argument.data());

  take_over_log(
      std::any_of(config.extra_arguments.begin(), config.extra_arguments.end(),
                  [](const std::string& argument) { return argument.starts_with("--log-level"); }));
  const LogCapture log;
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0)
    throw StartError(why_not(config, rte_errno, log));
  watch_interrupts();
}

}  // namespace

void start_eal(const EalConfig& config) {
  static std::mutex mutex;
  static std::optional<EalConfig> running;
  static std::string failure;
  const std::lock_guard lock(mutex);
  if (!failure.empty()) throw StartError(failure);  // DPDK does not try twice
  if (running) {
    if (*running == config) return;
    throw StartError(
        "DPDK already runs in this process with other settings: give every node of a process the "
        "same memory, hugepages and EAL arguments");
  }
  try {
    initialize(config);
  } catch (const StartError& error) {
    failure = error.what();
    throw;
  }
  running = config;
}

bool register_thread() {
  class Registration {
   public:
    Registration() {
      known_ = rte_lcore_id() != LCORE_ID_ANY;
      if (!known_) registered_ = rte_thread_register() == 0;
    }
    ~Registration() {
      if (registered_) rte_thread_unregister();
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    bool ok() const { return known_ || registered_; }

   private:
    bool known_ = false;
    bool registered_ = false;
  };
  thread_local const Registration registration;
  return registration.ok();
}

}  // namespace muster::dpdk
