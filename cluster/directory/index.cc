#include "cluster/directory/index.h"

#include <algorithm>

#include <xxhash.h>

namespace muster {
namespace {

constexpr std::size_t buckets_at_first = 1024;

}  // namespace

Index::Index()
    : buckets_(std::make_unique<Hashed::bucket_type[]>(buckets_at_first)),
      bucket_count_(buckets_at_first),
      hashed_(Hashed::bucket_traits(buckets_.get(), bucket_count_)) {}

Index::~Index() {
  hashed_.clear();
  ordered_.clear_and_dispose([](Name* name) { delete name; });
}

std::size_t Index::Name::hash_of(std::string_view path) {
  return XXH3_64bits(path.data(), path.size());
}

Index::Name* Index::find(std::string_view path) const {
  const auto same = [](std::string_view a, const Name& b) { return a == b.path; };
  const auto found = hashed_.find(path, &Name::hash_of, same);
  return found == hashed_.end() ? nullptr : &*found;
}

void Index::bind(const Binding& binding) {
  Name* name = find(binding.path);
  if (name == nullptr) {
    grow();
    name = new Name(binding.path);
    hashed_.insert(*name);
    ordered_.insert(*name);
  }
  const auto mine = std::ranges::find(name->bound, binding.owner, &Bound::owner);
  Bound& bound = mine != name->bound.end() ? *mine : name->bound.emplace_back();
  bound.owner = binding.owner;
  bound.value.assign(binding.value.begin(), binding.value.end());
  bound.version = binding.version;
}

void Index::withdraw(const MemberKey& owner, std::string_view path) {
  Name* name = find(path);
  if (name == nullptr) return;
  std::erase_if(name->bound, [&](const Bound& bound) { return bound.owner == owner; });
  erase_if_unbound(*name);
}

void Index::erase_if_unbound(Name& name) {
  if (!name.bound.empty()) return;
  hashed_.erase(hashed_.iterator_to(name));
  ordered_.erase(ordered_.iterator_to(name));
  delete &name;
}

/// Doubles the buckets before they hold more than one name each.
void Index::grow() {
  if (hashed_.size() < bucket_count_) return;
  const std::size_t count = 2 * bucket_count_;
  auto buckets = std::make_unique<Hashed::bucket_type[]>(count);
  hashed_.rehash(Hashed::bucket_traits(buckets.get(), count));
  buckets_ = std::move(buckets);
  bucket_count_ = count;
}

std::span<const Bound> Index::lookup(std::string_view path) const {
  const Name* name = find(path);
  return name == nullptr ? std::span<const Bound>{} : std::span<const Bound>(name->bound);
}

const Bound* Index::pick(std::string_view path) {
  Name* name = find(path);
  if (name == nullptr) return nullptr;
  name->turn = (name->turn + 1) % name->bound.size();
  return &name->bound[name->turn];
}

}  // namespace muster
