// Escapes inside of quoted texts: what several kinds of line have in common. Each reads behind the
// backslash, writes at most as many bytes as the escape had, and returns where it ended writing.
#pragma once

#include <cstdint>
#include <optional>

#include "lib/base/bytes.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {

inline constexpr std::uint32_t kReplacementCharacter = 0xfffd;

// UTF-8 of it, 1 to 4 bytes; of the replacement character where it is none.
char* WriteUtf8(std::uint32_t code_point, char* out);

// Exactly so many hexadecimal digits (at most 8); where there are fewer, nothing is taken.
std::optional<std::uint32_t> TakeHex(Scanner& in, std::size_t digits);

// As JSON has it; nullptr where it is no escape of JSON's. A surrogate without its other half
// becomes the replacement character.
char* UnescapeJson(Scanner& in, char* out);

// As programs print strings (Go, C, access logs): \n \" \\ \x1b \u00e9 \033. What is no escape
// stays as it is, with its backslash.
char* UnescapePrinted(Scanner& in, char* out);

}  // namespace logboom::parse
