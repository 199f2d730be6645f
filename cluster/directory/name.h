// One name of the naming tree, and all who bind it.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/set.hpp>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string_view>

#include "cluster/directory/bound.h"

namespace muster {

/// Most names are bound by one member, so that binding stands in place; and the path stands behind
/// the object, in the same block of memory.
struct Name : boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>> {
  static Name* create(std::pmr::memory_resource& memory, std::string_view path);
  static void destroy(std::pmr::memory_resource& memory, Name* name);
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;

  std::string_view path() const { return {reinterpret_cast<const char*>(this + 1), path_bytes}; }
  friend bool operator<(const Name& a, const Name& b) { return a.path() < b.path(); }

  boost::container::small_vector<Bound, 1> bound;
  std::uint32_t turn = 0;  ///< whom a pick in turn gave last

 private:
  explicit Name(std::string_view path);
  ~Name() = default;

  const std::uint8_t path_bytes;
};

}  // namespace muster
