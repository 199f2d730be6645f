// For std::visit: one function for each alternative.
#pragma once

namespace muster {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

}  // namespace muster
