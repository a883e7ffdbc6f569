#include "lib/parse/fields.h"

#include "lib/parse/limits.h"

namespace logboom::parse {

void Fields::Clear() {
  fields_.clear();
  arena_.Clear();
}

bool Fields::Add(ByteView name, ByteView value) {
  if (fields_.size() == kFieldsMax || name.size() > kFieldNameBytesMax) return false;
  fields_.push_back({name, value});
  return true;
}

std::optional<ByteView> Fields::Find(ByteView name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

}  // namespace logboom::parse
