#include "cluster/directory/name.h"

#include <algorithm>
#include <new>

namespace muster {

Name::Name(std::string_view path) : path_bytes(static_cast<std::uint8_t>(path.size())) {
  std::ranges::copy(path, reinterpret_cast<char*>(this + 1));
}

Name* Name::create(std::pmr::memory_resource& memory, std::string_view path) {
  return new (memory.allocate(sizeof(Name) + path.size(), alignof(Name))) Name(path);
}

void Name::destroy(std::pmr::memory_resource& memory, Name* name) {
  const std::size_t bytes = sizeof(Name) + name->path_bytes;
  name->~Name();
  memory.deallocate(name, bytes, alignof(Name));
}

}  // namespace muster
