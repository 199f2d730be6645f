#include "cluster/directory/index.h"

#include <algorithm>

namespace muster {
namespace {

void show(NameSlot& slot) {
  slot.bound = slot.name->bound.data();
  slot.bound_count = static_cast<std::uint32_t>(slot.name->bound.size());
}

}  // namespace

Index::~Index() {
  ordered_.clear_and_dispose([this](Name* name) { Name::destroy(pool_, name); });
}

void Index::bind(const Binding& binding) {
  NameSlot* slot = table_.find(binding.path);
  if (slot == nullptr) {
    Name& name = *Name::create(pool_, binding.path);
    slot = &table_.insert(name);
    ordered_.insert(name);
  }
  auto& all = slot->name->bound;
  const auto mine = std::ranges::find(all, binding.owner, &Bound::owner);
  Bound& bound = mine != all.end() ? *mine : all.emplace_back();
  bound.owner = binding.owner;
  bound.value.assign(binding.value.begin(), binding.value.end());
  bound.version = binding.version;
  bound.attributes = AttributeSet(binding.attributes);
  show(*slot);
}

void Index::withdraw(const MemberKey& owner, std::string_view path) {
  NameSlot* slot = table_.find(path);
  if (slot == nullptr) return;
  Name& name = *slot->name;
  const auto mine = std::ranges::find(name.bound, owner, &Bound::owner);
  if (mine == name.bound.end()) return;
  name.bound.erase(mine);
  show(*slot);
  if (!name.bound.empty()) return;
  table_.erase(*slot);
  ordered_.erase(ordered_.iterator_to(name));
  Name::destroy(pool_, &name);
}

}  // namespace muster
