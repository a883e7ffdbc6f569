#include "exporters/prometheus/exposition.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "lib/base/check.h"
#include "lib/protocol/text.h"

namespace logboom::exporter {
namespace {

void AppendEscaped(std::string_view value, std::string& out) {
  for (const char c : value) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '"': out += "\\\""; break;
      case '\n': out += "\\n"; break;
      default: out += c;
    }
  }
}

void AppendLabel(const Label& label, std::string& out) {
  out += label.first;
  out += "=\"";
  if (protocol::IsUtf8(label.second)) {
    AppendEscaped(label.second, out);
  } else {
    AppendEscaped(protocol::ValidUtf8(label.second), out);
  }
  out += '"';
}

}  // namespace

void Exposition::Begin(std::string_view name, MetricType type, std::string_view help) {
  name_ = name;
  header_ = fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name,
                        type == MetricType::kGauge ? "gauge" : "counter");
}

void Exposition::BeginSample(std::initializer_list<Label> labels) {
  CHECK(!name_.empty());
  text_ += header_;
  header_.clear();
  ++series_[name_];
  text_ += name_;
  char before = '{';
  for (const Label& label : labels) {
    text_ += before;
    AppendLabel(label, text_);
    before = ',';
  }
  if (labels.size() > 0) text_ += '}';
  text_ += ' ';
}

void Exposition::Sample(std::initializer_list<Label> labels, std::int64_t value) {
  BeginSample(labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Exposition::Sample(std::initializer_list<Label> labels, double value) {
  // A NaN would make every sum over the family NaN: who does not know a value leaves it out.
  CHECK(!std::isnan(value));
  BeginSample(labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

}  // namespace logboom::exporter
