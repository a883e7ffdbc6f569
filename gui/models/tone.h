// What a text means, before anyone has said which colour that is.
#pragma once

namespace logboom::gui {

enum class Tone {
  kNormal,
  kMuted,
  kGood,
  kWarn,
  kBad,
};

}  // namespace logboom::gui
