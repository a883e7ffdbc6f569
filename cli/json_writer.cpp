#include "cli/json_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "cli/base64.h"
#include "lib/display/utf8.h"

namespace logboom::cli {
namespace {

bool IsPlain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

void AppendEscape(char32_t c, std::string& out) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (c >= 0x10000) {
    const char32_t rest = c - 0x10000;
    fmt::format_to(std::back_inserter(out), "\\u{:04x}\\u{:04x}",
                   static_cast<std::uint32_t>(0xd800 + (rest >> 10U)),
                   static_cast<std::uint32_t>(0xdc00 + (rest & 0x3ffU)));
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<std::uint32_t>(c));
  }
}

void AppendEscaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && IsPlain(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;

    const display::CodePoint point = display::DecodeUtf8(text);
    if (point.bytes == 0) {
      out += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    if (display::IsControl(point.value) || point.value < 0x80) {
      AppendEscape(point.value, out);
    } else {
      out.append(text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
}

}  // namespace

void JsonWriter::Separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  first_ = false;
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view text) {
  Separate();
  out_ += text;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  String(name);
  out_ += ':';
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  out_ += '"';
  AppendEscaped(text, out_);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::Int(std::int64_t number) {
  Separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

JsonWriter& JsonWriter::UInt(std::uint64_t number) {
  Separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

JsonWriter& JsonWriter::Double(double number) {
  return std::isfinite(number) ? Raw(fmt::format("{}", number)) : Null();
}

JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }

JsonWriter& JsonWriter::Null() { return Raw("null"); }

JsonWriter& JsonWriter::BytesField(std::string_view name, std::optional<ByteView> bytes) {
  if (!bytes) return Key(name).Null();
  if (display::IsUtf8(*bytes)) return Key(name).String(*bytes);
  Key(std::string(name) + "_base64");
  Separate();
  out_ += '"';
  AppendBase64(*bytes, out_);
  out_ += '"';
  return *this;
}

}  // namespace logboom::cli
