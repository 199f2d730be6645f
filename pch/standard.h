// What nearly every source includes, read once for each of the larger targets. A source that leans
// on it and does not include what it uses fails in scripts/check, which reads the sources without
// it.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
