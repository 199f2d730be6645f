// Reads the fields of a request, and names the one that is wrong.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace muster::fabric {

/// `field` is the path of the mistake: "set.loss".
struct RequestError {
  std::string field;
  std::string remedy;
};

class Fields {
 public:
  /// `object` stands at `path` and has no other members than `known`.
  Fields(const nlohmann::json& object, std::string path,
         std::initializer_list<std::string_view> known)
      : object_(object), path_(std::move(path)) {
    if (!object.is_object()) throw RequestError{path_, "must be an object"};
    for (const auto& [name, value] : object.items())
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw RequestError{at(name),
                           fmt::format("is not known; known are {}", fmt::join(known, ", "))};
  }

  std::optional<double> number(std::string_view name, double max) const {
    const nlohmann::json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_number() && value->get<double>() >= 0 && value->get<double>() <= max)
      return value->get<double>();
    throw RequestError{at(name), fmt::format("must be a number from 0 to {}", max)};
  }
  std::optional<std::uint64_t> integer(std::string_view name, std::uint64_t min,
                                       std::uint64_t max) const {
    const nlohmann::json* value = find(name);
    if (value == nullptr) return std::nullopt;
    return checked_integer(*value, at(name), min, max);
  }
  std::optional<std::string> text(std::string_view name) const {
    const nlohmann::json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) throw RequestError{at(name), "must be a string"};
    return value->get<std::string>();
  }
  std::string at(std::string_view name) const { return fmt::format("{}.{}", path_, name); }

  static std::uint64_t checked_integer(const nlohmann::json& value, std::string path,
                                       std::uint64_t min, std::uint64_t max) {
    if (value.is_number_unsigned() && value.get<std::uint64_t>() >= min &&
        value.get<std::uint64_t>() <= max)
      return value.get<std::uint64_t>();
    throw RequestError{std::move(path),
                       fmt::format("must be a whole number from {} to {}", min, max)};
  }

 private:
  const nlohmann::json* find(std::string_view name) const {
    const auto found = object_.find(name);
    return found == object_.end() ? nullptr : &*found;
  }

  const nlohmann::json& object_;
  std::string path_;
};

}  // namespace muster::fabric
