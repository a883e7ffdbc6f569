// Lines made of fields: the parsers' other side.
#pragma once

#include <fmt/format.h>

#include <string>

#include "lib/base/random.h"
#include "lib/parse/scanner.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {

inline std::string RandomBytes(Random& random, std::uint64_t bytes_max) {
  std::string text;
  for (std::uint64_t left = random.Below(bytes_max + 1); left > 0; --left) {
    text +=
        random.Below(2) == 0 ? "ab \"\\=\n\t"[random.Below(8)] : static_cast<char>(random.Next());
  }
  return text;
}

inline std::string RandomKey(Random& random) {
  std::string key;
  for (std::uint64_t left = 1 + random.Below(8); left > 0; --left) {
    key += "abcXYZ09._-/:@\xc3"[random.Below(15)];
  }
  return key;
}

inline std::string Quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += fmt::format("\\{}", c);
    } else if (c == '\n') {
      text += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ') {
      text += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text + "\"";
}

// One object, whatever dots the names have; every value a string.
inline std::string RenderJson(const Pairs& pairs) {
  const auto quoted = [](std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < ' ') {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
    }
    return out + "\"";
  };
  std::string line;
  for (const auto& [name, value] : pairs) {
    line += fmt::format("{}{}:{}", line.empty() ? "{" : ",", quoted(name), quoted(value));
  }
  return line.empty() ? "{}" : line + "}";
}

// Values are quoted where they must be.
inline std::string RenderLogfmt(const Pairs& pairs) {
  std::string line;
  for (const auto& [name, value] : pairs) {
    const bool plain = std::none_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) <= ' ' || c == '"';
    });
    line += fmt::format("{}{}={}", line.empty() ? "" : " ", name, plain ? value : Quoted(value));
  }
  return line;
}

}  // namespace logboom::parse
