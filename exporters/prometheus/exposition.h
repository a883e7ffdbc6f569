// Prometheus' text format 0.0.4, written straight into one string: an installation of any size is
// some ten thousand samples at each scrape, for which building objects first costs ten times as
// much.
//
//   Exposition out;
//   out.Begin("logboom_up", MetricType::kGauge, "1 where the broker answered");
//   out.Sample({{"broker", "b1"}}, 1);
//   std::string text = out.Take();
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace logboom::exporter {

enum class MetricType { kGauge, kCounter };

using Label = std::pair<std::string_view, std::string_view>;

// One owner, one thread. Names and help texts come from code, label values may be any bytes: what
// is not UTF-8 is replaced, since Prometheus would refuse the whole scrape.
class Exposition {
 public:
  // The next family. All its samples follow before the next one begins; a family without samples is
  // left out.
  void Begin(std::string_view name, MetricType type, std::string_view help);

  void Sample(std::initializer_list<Label> labels, std::int64_t value);
  void Sample(std::initializer_list<Label> labels, double value);

  // How many samples each family has.
  const std::map<std::string, std::int64_t, std::less<>>& series() const { return series_; }

  std::string Take() { return std::move(text_); }

 private:
  void BeginSample(std::initializer_list<Label> labels);

  std::string text_;
  std::string name_;
  std::string header_;  // of the family, until its first sample
  std::map<std::string, std::int64_t, std::less<>> series_;
};

}  // namespace logboom::exporter
