// A map from paths that may hold millions of them and never grows in one go.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cluster/directory/segments.h"

namespace muster {

/// So that a map keyed by std::string is searched with a std::string_view.
struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

/// Entries do not move. Not thread-safe.
template <class Value>
class PathMap {
 public:
  using Map = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;
  using Entry = typename Map::value_type;

  /// The entry of `path`, or nullptr.
  Entry* find(std::string_view path) {
    return const_cast<Entry*>(static_cast<const PathMap*>(this)->find(path));
  }
  const Entry* find(std::string_view path) const {
    const Map& map = maps_.of(hash_of(path));
    const auto found = map.find(path);
    return found == map.end() ? nullptr : &*found;
  }
  /// The entry of `path`, a new one where there was none. Takes a while at most (see names_max).
  Entry& at(std::string_view path) {
    if (Entry* found = find(path)) return *found;
    const std::uint32_t hash = hash_of(path);
    while (maps_.of(hash).size() >= names_max && maps_.divisible(hash)) divide(hash);
    ++size_;
    return *maps_.of(hash).try_emplace(std::string(path)).first;
  }
  /// Requires that it is there; `path` may be its own.
  void erase(std::string_view path) {
    Map& map = maps_.of(hash_of(path));
    map.erase(map.find(path));
    --size_;
  }
  void clear() {
    maps_ = Segments<Map>();
    size_ = 0;
  }
  std::size_t size() const { return size_; }

 private:
  /// Of one segment: so many are moved at once, at most.
  static constexpr std::size_t names_max = 1024;

  static std::uint32_t hash_of(std::string_view path) {
    return static_cast<std::uint32_t>(std::uint64_t{StringHash{}(path)} >> 32);
  }
  void divide(std::uint32_t hash) {
    Map& lower = maps_.of(hash);
    maps_.divide(hash);
    for (auto next = lower.begin(); next != lower.end();) {
      const auto entry = next++;
      Map& its = maps_.of(hash_of(entry->first));
      if (&its != &lower) its.insert(lower.extract(entry));
    }
  }

  Segments<Map> maps_;
  std::size_t size_ = 0;
};

}  // namespace muster
