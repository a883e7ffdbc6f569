// A list as ByteWriter's users write it: a count, then so many items.
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/base/bytes.h"

namespace logboom {

// The items, each as `read` takes it off `in`. Ends at the first that is short, which is left out,
// and in.ok() is false then: a count may be anything, and no room is taken for what is not there.
template <std::integral Count, typename Read>
auto ReadList(ByteReader& in, Read read) -> std::vector<std::invoke_result_t<Read, ByteReader&>> {
  std::vector<std::invoke_result_t<Read, ByteReader&>> items;
  for (auto left = in.Int<Count>(); left > 0; --left) {
    auto item = read(in);
    if (!in.ok()) break;
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace logboom
