// The value of a record follows from its number, so that every byte of it can be compared.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"

namespace logboom::torture {

// Of records with keys: one of few half of the time, else one of many. A tombstone has no value, so
// the number stands in a header too.
inline constexpr char kNumberHeader[] = "number";
Bytes KeyOf(std::uint64_t number);
bool IsTombstone(std::uint64_t number);

Bytes ValueOf(std::uint64_t number);
// Nothing where `value` is that of no record, or other bytes than were sent.
std::optional<std::uint64_t> NumberOf(ByteView value);

}  // namespace logboom::torture
