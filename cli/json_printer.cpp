
#include "cli/json_writer.h"
#include "cli/record_printer.h"

namespace logboom::cli {
namespace {

class JsonPrinter final : public RecordPrinter {
 public:
  JsonPrinter(Output& out, const PrintOptions& options) : out_(out), options_(options) {}

  void Print(const RecordOrigin& origin, const record::Record& record) override {
    JsonWriter json(out_.buffer());
    BeginLine(origin, record.offset, record.timestamp, json);
    json.BytesField("key", record.key);
    json.BytesField("value", record.value);
    json.Key("headers").BeginObject();
    for (const record::HeaderView& header : record.headers) {
      json.BytesField(header.key, header.value);
    }
    json.EndObject();
    EndLine(json);
  }

  void PrintRow(const RecordOrigin& origin, const client::SourceRow& row) override {
    JsonWriter json(out_.buffer());
    BeginLine(origin, row.offset, row.time, json);
    const bool is_gap = row.row.kind == client::RowKind::kGap;
    json.Key(is_gap ? "gap" : "left_out").BeginObject();
    json.Key("agent").String(row.agent_id);
    json.BytesField("path", row.path);
    json.Key("begin").Int(row.row.begin.value());
    json.Key("end").Int(row.row.end.value());
    if (is_gap) {
      json.Key("end_is_exact").Bool(row.row.end_is_exact);
      json.Key("reason").String(row.row.reason);
    } else {
      json.Key("lines").Int(row.row.dropped);
    }
    json.EndObject();
    EndLine(json);
  }

  void Finish() override {}

 private:
  void BeginLine(const RecordOrigin& origin, Offset offset, TimestampMs time, JsonWriter& json) {
    json.BeginObject();
    if (options_.show_broker) json.Key("broker").String(origin.broker);
    json.Key("topic").String(origin.topic);
    json.Key("partition").Int(origin.partition.value());
    json.Key("offset").Int(offset.value());
    json.Key("timestamp_ms").Int(time.value());
  }
  void EndLine(JsonWriter& json) {
    json.EndObject();
    out_.buffer() += '\n';
    out_.WriteDone();
  }

  Output& out_;
  PrintOptions options_;
};

}  // namespace

std::unique_ptr<RecordPrinter> MakeJsonPrinter(Output& out, const PrintOptions& options) {
  return std::make_unique<JsonPrinter>(out, options);
}

}  // namespace logboom::cli
