// Card numbers and IP addresses in a text: what a pattern alone can't tell from other numbers.
#pragma once

#include <optional>

#include "lib/base/bytes.h"

namespace logboom::agent {

// The first at `from` or behind it: 13 to 19 digits that begin with 2 to 6 and hold Luhn's check
// (ISO/IEC 7812-1), blanks or hyphens between groups allowed.
std::optional<ByteView> FindCardNumber(ByteView text, std::size_t from);

// The first at `from` or behind it: an IPv4 address of four decimal numbers, or an IPv6 address as
// inet_pton(3) takes it. Part of a longer number or word is none.
std::optional<ByteView> FindIpAddress(ByteView text, std::size_t from);

}  // namespace logboom::agent
