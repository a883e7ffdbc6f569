#include "gui/models/text.h"

#include "gui/core/figures.h"
#include "gui/core/time_format.h"
#include "lib/display/human.h"
#include "lib/display/visible_text.h"

namespace logboom::gui {

QString FromUtf8(std::string_view text) {
  return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

QString FromForeign(std::string_view text) { return FromUtf8(display::Visible(text)); }

QString Dash() { return QStringLiteral("\u2013"); }

QString CountText(std::int64_t count) {
  return count < 0 ? Dash() : FromUtf8(display::HumanCount(static_cast<std::uint64_t>(count)));
}

QString BytesText(std::int64_t bytes) { return FromUtf8(display::HumanBytes(bytes)); }

QString RateText(const std::optional<double>& per_second) {
  return per_second ? FromUtf8(RateFigure(*per_second).text()) : Dash();
}

QString AgoText(const std::optional<TimestampMs>& time, TimestampMs now) {
  return time ? FromUtf8(display::HumanAgo(time, now)) : Dash();
}

QString ExactTimeText(const std::optional<TimestampMs>& time) {
  return time ? FromUtf8(FormatDateTime(*time)) : QString("never");
}

QString LagTimeText(const std::optional<std::int64_t>& ms) {
  return ms ? FromUtf8(SpanText(*ms)) : Dash();
}

}  // namespace logboom::gui
