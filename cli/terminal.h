// What standard output is: a terminal of some width, or not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace logboom::cli {

struct Terminal {
  bool is_terminal = false;
  bool colour = false;
  std::optional<std::size_t> columns = {};  // nothing: as wide as needed
};

// Colour on a terminal alone, never with NO_COLOR (of any value) or TERM=dumb.
Terminal LookAtTerminal(int descriptor);

// `text` in a style ("1" bold, "2" dim, "31" red) where there is colour.
std::string Styled(std::string_view text, std::string_view style, const Terminal& terminal);

}  // namespace logboom::cli
