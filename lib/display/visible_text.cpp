#include "lib/display/visible_text.h"

#include <fmt/format.h>

#include <iterator>

#include "lib/display/utf8.h"

namespace logboom::display {
namespace {

bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte < 0x7f) || c == '\t';
}

void AppendEscape(char32_t c, std::string& out) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c < 0x80) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<std::uint32_t>(c));
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(c));
  }
}

}  // namespace

void AppendVisible(ByteView text, std::string& out) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;

    const CodePoint point = DecodeUtf8(text);
    if (point.bytes == 0) {
      const auto byte = static_cast<unsigned char>(text[0]);
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
      text.remove_prefix(1);
      continue;
    }
    if (IsControl(point.value)) {
      AppendEscape(point.value, out);
    } else {
      out.append(text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
}

std::string Visible(ByteView text) {
  std::string out;
  AppendVisible(text, out);
  return out;
}

}  // namespace logboom::display
