// Our icons, drawn as lines in the colour of the text beside them. Functions without state.
#pragma once

class QColor;
class QPainter;
class QRectF;

namespace logboom::gui {

enum class Icon { kOverview, kTopics, kTail, kConsumers, kAgents, kWarning, kPlug };

// Fills the square `box`.
void PaintIcon(QPainter& painter, Icon icon, const QRectF& box, const QColor& colour);

}  // namespace logboom::gui
