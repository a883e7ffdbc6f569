// The value of a record follows from its number, so that every byte of it can be compared.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"

namespace logboom::torture {

Bytes ValueOf(std::uint64_t number);
// Nothing where `value` is that of no record, or other bytes than were sent.
std::optional<std::uint64_t> NumberOf(ByteView value);

}  // namespace logboom::torture
