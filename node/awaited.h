// How a call is made, and what a coroutine can wait for: see Node::call() and Node::next_poll().
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "cluster/directory/pick.h"
#include "cluster/events.h"
#include "cluster/messaging/send.h"
#include "cluster/types.h"

namespace muster {

class Application;

/// The first of those that the calling thread may send on: 0, unless another thread has that.
inline constexpr ChannelId own_channel = 0xff;

struct CallOptions {
  Pick pick = {};  ///< of those who offer the name
  ChannelId channel = own_channel;
  /// It may be carried out twice: if the member that was asked is removed, does not serve the name
  /// any more or refuses, the next one that offers it is asked, each at most once, until the
  /// deadline. The payload is kept for that, within LimitsConfig::long_message_bytes.
  bool idempotent = false;
};

/// How a call has ended. The payload is valid until the coroutine waits again, and empty unless the
/// callee answered.
struct CallAnswer {
  SendResult sent = SendResult::closed;  ///< if it is another result than that, nobody was called
  CallOutcome outcome = CallOutcome::closed;
  std::span<const std::byte> payload;

  /// It was carried out.
  explicit operator bool() const { return sent == SendResult::sent && outcome == CallOutcome::ok; }
};

/// To be awaited at once. It lies in the coroutine's frame, and the node refers to it there: a
/// coroutine that is destroyed while it waits cancels its call.
class [[nodiscard]] AwaitedCall {
 public:
  AwaitedCall(const AwaitedCall&) = delete;
  AwaitedCall& operator=(const AwaitedCall&) = delete;
  ~AwaitedCall();

  bool await_ready() const noexcept { return false; }
  /// Makes the call. False: there is none to wait for.
  bool await_suspend(std::coroutine_handle<> coroutine);
  CallAnswer await_resume() const noexcept { return answer_; }

 private:
  friend class Client;
  friend class Application;
  friend struct CallWaiter;
  AwaitedCall(Application& application, std::optional<MemberId> to, std::string_view path,
              std::span<const std::byte> payload, DurationNs deadline_ns,
              const CallOptions& options)
      : application_(&application),
        to_(to),
        path_(path),
        payload_(payload),
        deadline_ns_(deadline_ns),
        options_(options) {}
  void ended(CallOutcome outcome, std::span<const std::byte> payload);
  /// The node is at its end, and resumes nobody.
  void abandoned() { application_ = nullptr; }

  Application* application_;
  std::optional<MemberId> to_;
  std::string_view path_;
  std::span<const std::byte> payload_;
  DurationNs deadline_ns_;
  CallOptions options_;
  std::coroutine_handle<> coroutine_;
  CallId id_ = 0;  ///< while it waits
  CallAnswer answer_;
};

/// To be awaited at once: the coroutine goes on within the next Node::poll().
class [[nodiscard]] NextPoll {
 public:
  NextPoll(const NextPoll&) = delete;
  NextPoll& operator=(const NextPoll&) = delete;
  ~NextPoll();

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine);
  void await_resume() const noexcept {}

 private:
  friend class Client;
  friend class NextPolls;
  explicit NextPoll(Application& application) : application_(&application) {}
  void resume() {
    waits_ = false;
    coroutine_.resume();
  }
  void abandoned() { waits_ = false; }

  Application* application_;
  std::coroutine_handle<> coroutine_;
  bool waits_ = false;
};

}  // namespace muster
