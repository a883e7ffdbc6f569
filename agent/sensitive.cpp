#include "agent/sensitive.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <string>

namespace logboom::agent {
namespace {

constexpr std::size_t kCardDigitsMin = 13;
constexpr std::size_t kCardDigitsMax = 19;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsWord(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// ---- card numbers

bool HoldsLuhn(ByteView digits) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    auto digit = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
    if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

// The longest number that begins at `at`, where a group of digits begins.
std::optional<ByteView> CardAt(ByteView text, std::size_t at) {
  if (text[at] < '2' || text[at] > '6') return std::nullopt;
  std::array<char, kCardDigitsMax> digits{};
  std::size_t count = 0;
  std::optional<ByteView> card;
  for (std::size_t i = at; i < text.size(); ++i) {
    const bool separates = (text[i] == ' ' || text[i] == '-') && i + 1 < text.size() &&
                           IsDigit(text[i + 1]) && IsDigit(text[i - 1]);
    if (separates) continue;
    if (!IsDigit(text[i]) || count == kCardDigitsMax) break;
    digits[count++] = text[i];
    const bool ends_group = i + 1 == text.size() || !IsDigit(text[i + 1]);
    if (ends_group && count >= kCardDigitsMin && HoldsLuhn({digits.data(), count})) {
      card = text.substr(at, i + 1 - at);
    }
  }
  return card;
}

// ---- addresses

bool IsIpv4Byte(char c) { return IsDigit(c) || c == '.'; }
bool IsIpv6Byte(char c) { return IsHex(c) || c == ':' || c == '.'; }

bool IsAddress(int family, ByteView text) {
  std::array<char, INET6_ADDRSTRLEN> name{};
  if (text.empty() || text.size() >= name.size()) return false;
  std::copy(text.begin(), text.end(), name.begin());
  std::array<unsigned char, sizeof(in6_addr)> unused{};
  return inet_pton(family, name.data(), unused.data()) == 1;
}

// What ends a sentence is no part of the address.
ByteView WithoutEnd(ByteView text) {
  while (!text.empty() && (text.back() == '.' || (text.back() == ':' && !text.ends_with("::")))) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<ByteView> AddressIn(int family, ByteView run) {
  const ByteView address = WithoutEnd(run);
  if (!IsAddress(family, address)) return std::nullopt;
  return address;
}

// An address with a port behind it.
std::optional<ByteView> Ipv4In(ByteView run) { return AddressIn(AF_INET, run); }

std::optional<ByteView> Ipv6In(ByteView run) {
  if (std::count(run.begin(), run.end(), ':') < 2) return std::nullopt;
  if (std::none_of(run.begin(), run.end(), IsHex)) return std::nullopt;
  return AddressIn(AF_INET6, run);
}

template <typename IsByte, typename In>
std::optional<ByteView> AddressAt(ByteView text, std::size_t at, IsByte is_byte, In in) {
  std::size_t end = at;
  while (end < text.size() && is_byte(text[end])) ++end;
  if (end < text.size() && IsWord(text[end])) return std::nullopt;
  return in(text.substr(at, end - at));
}

}  // namespace

std::optional<ByteView> FindCardNumber(ByteView text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    const bool begins_group = IsDigit(text[at]) && (at == 0 || !IsWord(text[at - 1]));
    if (!begins_group) continue;
    if (const auto card = CardAt(text, at)) return card;
  }
  return std::nullopt;
}

std::optional<ByteView> FindIpAddress(ByteView text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    if (!IsIpv6Byte(text[at]) || text[at] == '.') continue;
    const bool begins = at == 0 || (!IsWord(text[at - 1]) && !IsIpv6Byte(text[at - 1]));
    const bool behind_colon = at > 0 && text[at - 1] == ':';
    if (begins) {
      if (const auto address = AddressAt(text, at, IsIpv6Byte, Ipv6In)) return address;
    }
    if (!IsDigit(text[at]) || !(begins || behind_colon)) continue;
    if (const auto address = AddressAt(text, at, IsIpv4Byte, Ipv4In)) return address;
  }
  return std::nullopt;
}

}  // namespace logboom::agent
