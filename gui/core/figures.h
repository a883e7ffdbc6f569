// Figures as the console words them, beside lib/display's. Functions without state.
#pragma once

#include <cstdint>
#include <string>

namespace logboom::gui {

// A number and what stands small beside it: {"41.8", "k/s"}.
struct Figure {
  std::string number;
  std::string unit;
  std::string text() const { return unit.empty() ? number : number + ' ' + unit; }
};

// Powers of 1,000, three digits: 0, 0.4, 12, 41.8 k, 3.1 M.
Figure CountFigure(double count);
// The same, a second: "k/s".
Figure RateFigure(double per_second);
// "MB", "GB/s" with `suffix` "/s".
Figure BytesFigure(double bytes, const std::string& suffix = {});
// As display::HumanSpan, two units above a minute: "850 ms", "12 s", "3 m 5 s", "2 d 4 h".
std::string SpanText(std::int64_t ms);

}  // namespace logboom::gui
