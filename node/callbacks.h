// What the application throws, where one event has several callbacks.
#pragma once

#include <exception>
#include <utility>

namespace muster {

/// Each is called, whatever those before it have thrown; what was thrown first comes out in the
/// end.
class Callbacks {
 public:
  template <class F>
  void call(F&& f) {
    try {
      std::forward<F>(f)();
    } catch (...) {
      if (first_ == nullptr) first_ = std::current_exception();
    }
  }
  /// Once all have been called.
  void rethrow() {
    if (first_ != nullptr) std::rethrow_exception(std::exchange(first_, nullptr));
  }

 private:
  std::exception_ptr first_;
};

}  // namespace muster
