// Takes out of a line what must not leave the machine: card numbers, e-mail addresses, tokens, IP
// addresses, and what a user's own patterns find. docs/shaping.md says what each preset takes for
// what.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/parse/pattern.h"

namespace logboom::agent {

struct RedactionOptions {
  std::vector<std::string> presets;   // card, email, token, ip
  std::vector<std::string> patterns;  // the first group of each, or all of the match
  // Empty: what is found becomes its preset's name in brackets, [card]. Else a keyed hash stands
  // behind the name, [card:0123456789abcdef]: equal under the same key where the values are, and
  // of no use to who has not the key.
  std::string hash_key;
};

// Immutable: safe to use from several threads.
class Redaction {
 public:
  // kInvalid with what is wrong: a preset that there is none of, a pattern that RE2 refuses.
  static Result<Redaction> Make(const RedactionOptions& options);

  // Puts `text` without what must go into `out`, at most `bytes_max` of it where `text` is not
  // longer (single stars stand for what is found, where names have no room). How many places.
  std::uint32_t Apply(ByteView text, std::size_t bytes_max, Bytes& out) const;

 private:
  // The first place at `from` or behind it; never empty.
  using Finder = std::function<std::optional<ByteView>(ByteView text, std::size_t from)>;
  struct Rule {
    std::string name;
    Finder find;
  };
  using Key = std::array<unsigned char, 16>;

  Redaction() = default;
  Status AddPreset(const std::string& name);
  Status AddPattern(const std::string& name, std::string_view pattern);
  std::string Label(const std::string& name, ByteView found) const;
  std::uint32_t ApplyRule(const Rule& rule, bool stars, Bytes& text) const;

  std::vector<Rule> rules_;
  std::optional<Key> key_;
};

}  // namespace logboom::agent
