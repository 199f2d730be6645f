// No system call is made for messages and calls once nodes on a memif have started, by no thread of
// theirs. The kernel counts: a filter traps every call, and it cannot be taken off again, so each
// test runs in a process of its own, which the filter lets do nothing but end.
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/node.h"
#include "tests/node/memif.h"
#include "tools/lab/temporary_folder.h"

namespace muster::test {
namespace {

/// What the process under the filter tells the test, in memory that they share.
struct Verdict {
  enum class Stage : int { started, conversed, no_filter, not_joined, silent };
  std::atomic<Stage> stage{Stage::started};
  std::atomic<int> calls{0};
  std::atomic<int> first{-1};  ///< its number
  std::atomic<int> calls_on_purpose{0};
};
Verdict* verdict = nullptr;

void count_call(int, siginfo_t* info, void*) {
  if (verdict->calls.fetch_add(1) == 0) verdict->first = info->si_syscall;
}

/// In all threads there are; false where the kernel or a container does not let us.
bool trap_system_calls() {
  struct sigaction action{};
  action.sa_sigaction = count_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSYS, &action, nullptr);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigreturn, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{.len = std::size(filter), .filter = filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

class Echo : public Handler {
 public:
  void on_message(const Message& message) override {
    ++heard;
    if (node != nullptr) node->send(message.from().id, message.bytes().first(1));
  }
  void on_publication(const Publication& publication) override {
    ++heard;
    if (node != nullptr) node->publish(topic, publication.bytes().first(1));
  }
  void on_subscriber(const SubscriberEvent&) override { followed = true; }

  Node* node = nullptr;  ///< answers with this one
  TopicNumber topic = 0;
  bool followed = false;
  std::size_t heard = 0;
};

NodeConfig config_of(const TemporaryFolder& folder, std::string_view name, Mode mode,
                     std::uint32_t mtu) {
  NodeConfig config = memif_config(folder, name);
  config.mode = mode;
  config.mtu = mtu;
  config.idle = Idle::spin;
  return config;
}

/// Two members and what they say to each other, all polled by one thread.
class Conversation {
 public:
  Conversation(const TemporaryFolder& folder, Mode mode, std::uint32_t mtu)
      : b_(config_of(folder, "b", Mode::run_inline, mtu), echo_),
        a_(config_of(folder, "a", mode, mtu), answers_) {
    echo_.node = &b_;
    echo_.topic = announce(b_, "/from/b");
    answers_.topic = announce(a_, "/from/a");
    b_.subscribe("/from/a");
    a_.subscribe("/from/b");
    b_.serve("/echo", {},
             [](const Request& request, Responder answer) { answer.reply(request.payload); });
  }

  bool begin() {
    return until([&] {
      return a_.member(b_id_) != nullptr && !a_.lookup("/echo").empty() && echo_.followed &&
             answers_.followed;
    });
  }

  /// A copied message, one written in place, one of many packets, a call, and two published. In
  /// jumbo frames the long ones are lent.
  bool converse(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const std::size_t all = answers_.heard + 5;
      bool answered = false;
      const auto answer = [&answered](CallOutcome, std::span<const std::byte>) { answered = true; };
      const bool sent =
          until([&] { return a_.send(b_id_, small_) == SendResult::sent; }) && write_in_place() &&
          until([&] { return a_.send(b_id_, long_) == SendResult::sent; }) && until([&] {
            return a_.call("/echo", small_, 8 * second, answer).result == SendResult::sent;
          }) &&
          until([&] { return a_.publish(answers_.topic, small_) == SendResult::sent; }) &&
          until([&] { return a_.publish(answers_.topic, long_) == SendResult::sent; });
      if (!sent || !until([&] { return answered && answers_.heard >= all; })) return false;
    }
    return true;
  }

 private:
  static TopicNumber announce(Node& node, std::string_view name) {
    return node.announce({.name = std::string(name), .slow = SlowSubscriber::slows}).topic;
  }
  bool write_in_place() {
    Buffer buffer;
    return until([&] {
      if (!buffer) buffer = a_.claim(small_.size());
      return a_.commit(buffer, b_id_) == SendResult::sent;
    });
  }

  template <class Done>
  bool until(Done done) {
    const TimeNs end_ns = monotonic_ns() + 20 * second;
    while (!done()) {
      a_.poll();
      b_.poll();
      if (monotonic_ns() > end_ns) return false;
    }
    return true;
  }

  const MemberId b_id_ = member_id("b");
  std::vector<std::byte> small_{64};
  std::vector<std::byte> long_ = std::vector<std::byte>(40'000);
  Echo echo_;
  Echo answers_;
  Node b_;
  Node a_;
};

/// In the process that ends with it.
void converse_under_the_filter(const TemporaryFolder& folder, Mode mode, std::uint32_t mtu) try {
  Conversation conversation(folder, mode, mtu);
  if (!conversation.begin() || !conversation.converse(30)) {
    verdict->stage = Verdict::Stage::not_joined;
  } else if (!trap_system_calls()) {
    verdict->stage = Verdict::Stage::no_filter;
  } else {
    const bool all = conversation.converse(30);
    const int before = verdict->calls;
    getppid();
    verdict->calls_on_purpose = verdict->calls - before;
    verdict->calls = before;
    verdict->stage = all ? Verdict::Stage::conversed : Verdict::Stage::silent;
  }
  _exit(0);
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  _exit(1);
}

class SystemCalls : public testing::TestWithParam<std::tuple<Mode, std::uint32_t>> {
 protected:
  void SetUp() override {
    void* shared =
        mmap(nullptr, sizeof(Verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(shared, MAP_FAILED);
    verdict = new (shared) Verdict;
  }
  void TearDown() override { munmap(verdict, sizeof(Verdict)); }
};

TEST_P(SystemCalls, AreNotMadeForMessagesAndCalls) {
  const TemporaryFolder folder;
  const auto [mode, mtu] = GetParam();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) converse_under_the_filter(folder, mode, mtu);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  EXPECT_EQ(verdict->stage, Verdict::Stage::conversed);
  EXPECT_EQ(verdict->calls, 0) << "the first has number " << verdict->first;
  EXPECT_EQ(verdict->calls_on_purpose, 1) << "they are not counted at all";
}
std::string name_of(const testing::TestParamInfo<std::tuple<Mode, std::uint32_t>>& way) {
  return fmt::format("{}{}", std::get<Mode>(way.param) == Mode::run_inline ? "Inline" : "Pipelined",
                     std::get<std::uint32_t>(way.param));
}
INSTANTIATE_TEST_SUITE_P(BothWays, SystemCalls,
                         testing::Combine(testing::Values(Mode::run_inline, Mode::pipelined),
                                          testing::Values(mtu_default, mtu_max)),
                         name_of);

/// The kernel has such filters, and whoever runs us has not forbidden them.
bool filters_exist() {
  const std::uint32_t action = SECCOMP_RET_TRAP;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

}  // namespace
}  // namespace muster::test

int main(int argc, char** argv) {
  constexpr int skipped = 77;  // Meson's word for it
  if (!muster::test::filters_exist()) {
    std::fputs("skipped: no filter for system calls can be set here\n", stderr);
    return skipped;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
