#include "agent/redaction.h"

#include <sodium.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/sensitive.h"
#include "lib/base/check.h"

namespace logboom::agent {
namespace {

constexpr std::string_view kEmail =
    R"(([A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}))";

// Words ahead of a secret, and secrets that show by how they begin.
constexpr std::array<std::string_view, 5> kTokens{
    R"((?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{8,}))",
    R"(\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?))",
    R"(\b((?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|)"
    R"(glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{16,}|)"
    R"(AIza[0-9A-Za-z_-]{35}))",
    R"((?i)(?:passw(?:or)?d|pwd|secret|token|(?:api|access|private|secret)[_-]?key))"
    R"(["']?\s*[:=]\s*["']?([^\s"',;&]+))",
    R"(://[^/\s:@]*:([^/\s@]+)@)"};

}  // namespace

Result<Redaction> Redaction::Make(const RedactionOptions& options) {
  Redaction redaction;
  for (const std::string& name : options.presets) RETURN_IF_ERROR(redaction.AddPreset(name));
  for (const std::string& pattern : options.patterns) {
    RETURN_IF_ERROR(redaction.AddPattern("redacted", pattern));
  }
  if (!options.hash_key.empty()) {
    CHECK(sodium_init() >= 0);
    Key key{};
    static_assert(sizeof(key) == crypto_shorthash_KEYBYTES);
    const ByteView secret = options.hash_key;
    crypto_generichash(key.data(), key.size(),
                       reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                       nullptr, 0);
    redaction.key_ = key;
  }
  return redaction;
}

Status Redaction::AddPreset(const std::string& name) {
  if (name == "card") {
    rules_.push_back({name, FindCardNumber});
  } else if (name == "ip") {
    rules_.push_back({name, FindIpAddress});
  } else if (name == "email") {
    RETURN_IF_ERROR(AddPattern(name, kEmail));
  } else if (name == "token") {
    for (const std::string_view pattern : kTokens) RETURN_IF_ERROR(AddPattern(name, pattern));
  } else {
    return Fail(ErrorCode::kInvalid, "'{}' is none of card, email, token and ip", name);
  }
  return Ok();
}

Status Redaction::AddPattern(const std::string& name, std::string_view pattern) {
  ASSIGN_OR_RETURN(auto made, parse::Pattern::Make(pattern));
  auto shared = std::make_shared<const parse::Pattern>(std::move(made));
  rules_.push_back(
      {name, [shared](ByteView text, std::size_t from) { return shared->Find(text, from); }});
  return Ok();
}

std::string Redaction::Label(const std::string& name, ByteView found) const {
  if (!key_) return fmt::format("[{}]", name);
  std::array<unsigned char, crypto_shorthash_BYTES> hash{};
  crypto_shorthash(hash.data(), reinterpret_cast<const unsigned char*>(found.data()), found.size(),
                   key_->data());
  std::uint64_t number = 0;
  for (const unsigned char byte : hash) number = number << 8U | byte;
  return fmt::format("[{}:{:016x}]", name, number);
}

std::uint32_t Redaction::ApplyRule(const Rule& rule, bool stars, Bytes& text) const {
  auto found = rule.find(text, 0);
  if (!found) return 0;
  std::uint32_t places = 0;
  Bytes out;
  std::size_t copied = 0;
  for (; found; found = rule.find(text, copied)) {
    const auto begin = static_cast<std::size_t>(found->data() - text.data());
    out.append(text, copied, begin - copied);
    out.append(stars ? "*" : Label(rule.name, *found));
    copied = begin + found->size();
    ++places;
  }
  out.append(text, copied);
  text = std::move(out);
  return places;
}

std::uint32_t Redaction::Apply(ByteView text, std::size_t bytes_max, Bytes& out) const {
  std::uint32_t places = 0;
  for (const bool stars : {false, true}) {
    places = 0;
    out.assign(text);
    for (const Rule& rule : rules_) places += ApplyRule(rule, stars, out);
    if (out.size() <= bytes_max) break;
  }
  return places;
}

}  // namespace logboom::agent
