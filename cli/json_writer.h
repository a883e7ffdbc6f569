// Writes JSON by hand: records come by the million, and their bytes may be anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.h"

namespace logboom::cli {

// Appends to a string that it does not own. The caller keeps to the grammar: every value in an
// object follows a Key. One owner, one thread.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);

  // Control characters are escaped, DEL, C1 and bidirectional ones too; what is not UTF-8 becomes
  // U+FFFD.
  JsonWriter& String(std::string_view text);
  JsonWriter& Int(std::int64_t number);
  JsonWriter& UInt(std::uint64_t number);
  JsonWriter& Double(double number);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();

  // "name": text where the bytes are UTF-8, else "name_base64"; "name": null where there are none.
  JsonWriter& BytesField(std::string_view name, std::optional<ByteView> bytes);

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  JsonWriter& Raw(std::string_view text);
  void Separate();

  std::string& out_;
  bool first_ = true;  // in this object or array, or after a key
};

}  // namespace logboom::cli
