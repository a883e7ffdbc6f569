#include "cli/base64.h"

#include <cstdint>

namespace logboom::cli {

void AppendBase64(ByteView bytes, std::string& out) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto byte_at = [bytes](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t group = byte_at(i) << 16U | byte_at(i + 1) << 8U | byte_at(i + 2);
    out += kLetters[group >> 18U];
    out += kLetters[(group >> 12U) & 63U];
    out += i + 1 < bytes.size() ? kLetters[(group >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? kLetters[group & 63U] : '=';
  }
}

}  // namespace logboom::cli
