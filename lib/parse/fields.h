// The fields of one line: names and values as views, in the order in which the line has them.
#pragma once

#include <optional>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/parse/arena.h"

namespace logboom::parse {

struct Field {
  ByteView name;
  ByteView value;
  friend bool operator==(const Field&, const Field&) = default;
};

// Made once and used for line after line: in the steady state nothing is allocated. The views point
// into the line that was parsed, into the arena, or to text that is part of the program; they are
// void once the line is, or at the next Clear(). A name may occur more than once. One owner, one
// thread.
class Fields {
 public:
  Fields() = default;
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;
  Fields(Fields&&) = default;
  Fields& operator=(Fields&&) = default;

  void Clear();
  // False, and nothing added, where there are kFieldsMax, or the name is above kFieldNameBytesMax.
  bool Add(ByteView name, ByteView value);

  // The value of the first field of that name.
  std::optional<ByteView> Find(ByteView name) const;

  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  const Field& operator[](std::size_t index) const { return fields_[index]; }
  std::vector<Field>::const_iterator begin() const { return fields_.begin(); }
  std::vector<Field>::const_iterator end() const { return fields_.end(); }

  // For texts that the line does not hold as they are.
  Arena& arena() { return arena_; }

 private:
  std::vector<Field> fields_;
  Arena arena_;
};

}  // namespace logboom::parse
