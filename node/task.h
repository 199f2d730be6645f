// Coroutines that use a node.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "node/frame_pool.h"

namespace muster {

template <class T = void>
class Task;

namespace task {

/// Whoever owns a task that nobody awaits hears that it has ended.
class Owner {
 public:
  virtual void ended(std::size_t place) noexcept = 0;

 protected:
  ~Owner() = default;
};

struct PromiseBase {
  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) { release_frame(frame, bytes); }

  /// Goes on with whoever awaits the task.
  struct Final {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const PromiseBase& promise = ended.promise();
      if (promise.owner != nullptr) promise.owner->ended(promise.place);
      return promise.awaiting ? promise.awaiting : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }

  std::coroutine_handle<> awaiting;
  Owner* owner = nullptr;
  std::size_t place = 0;  ///< the owner's
  std::exception_ptr thrown;
};

template <class T>
struct Promise : PromiseBase {
  Task<T> get_return_object();
  template <class From>
  void return_value(From&& from) {
    value.emplace(std::forward<From>(from));
  }
  T result() {
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
  std::optional<T> value;
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
  void result() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

}  // namespace task

/// A coroutine, which it owns: one that is destroyed before it is done stops where it waits, its
/// variables are destroyed, and the call that it waits for is cancelled. It begins when it is
/// awaited, when Node::spawn() takes it, or at start(). Its frame comes from a free list
/// (node/frame_pool.h). All of it belongs to the thread of the node that it uses.
///
/// Parameters of a coroutine are best values: what a reference names may be gone when it goes on.
/// That holds for the variables that a lambda has captured as well. Give what was awaited a name
/// before it is asked: g++ 12.2 compiles `if (co_await …)` and `while (co_await …)` wrongly
/// (https://gcc.gnu.org/PR106188).
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = task::Promise<T>;

  Task() = default;
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Task() {
    if (frame_) frame_.destroy();
  }

  /// Runs it until it first waits. Once; not for one that is awaited.
  void start() { frame_.resume(); }
  bool done() const { return frame_ && frame_.done(); }
  /// Of one that is done, once: its value, or throws what it has thrown.
  T result() {
    assert(done());
    return frame_.promise().result();
  }

  /// Requires one that has not begun.
  auto operator co_await() && noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> frame;

      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        frame.promise().awaiting = awaiting;
        return frame;
      }
      T await_resume() const { return frame.promise().result(); }
    };
    return Awaiter{frame_};
  }

 private:
  friend promise_type;
  friend class Tasks;
  /// `owner` outlives it, and hears of its end under the number `place`.
  void owned_by(task::Owner& owner, std::size_t place) {
    frame_.promise().owner = &owner;
    frame_.promise().place = place;
  }
  explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

  std::coroutine_handle<promise_type> frame_;
};

namespace task {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

}  // namespace task
}  // namespace muster
