// Values as texts for widgets. Functions without state.
#pragma once

#include <QString>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/base/types.h"

namespace logboom::gui {

// Text of ours, known to be UTF-8.
QString FromUtf8(std::string_view text);
// Text from anywhere: control bytes and what is not UTF-8 become visible.
QString FromForeign(std::string_view text);

// "1,234,567"; "-" below zero, which no count is.
QString CountText(std::int64_t count);
// "1.2 GB"
QString BytesText(std::int64_t bytes);
// "41.8 k/s"; a dash where it is not known.
QString RateText(const std::optional<double>& per_second);
// "3 m ago"; a dash for never.
QString AgoText(const std::optional<TimestampMs>& time, TimestampMs now);
// "2026-11-22 14:02:11.123 +01:00"; "never".
QString ExactTimeText(const std::optional<TimestampMs>& time);
// "12 s"; a dash where it is not known.
QString LagTimeText(const std::optional<std::int64_t>& ms);

// What stands where nothing is known.
QString Dash();

}  // namespace logboom::gui
