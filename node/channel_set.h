// Some of the channels.
#pragma once

#include <bitset>

#include "cluster/types.h"
#include "cluster/wire/layout.h"

namespace muster {

using ChannelSet = std::bitset<wire::channels>;
inline constexpr ChannelSet all_channels{(1U << wire::channels) - 1};

}  // namespace muster
