#include "lib/daemon/config_schema.h"

namespace logboom::daemon {

std::string_view Takes(KeyType type) {
  switch (type) {
    case KeyType::kString: return "text";
    case KeyType::kInt: return "a whole number";
    case KeyType::kBool: return "true or false";
    case KeyType::kDuration: return "a duration with its unit (500ms, 30s, 10m, 2h, 7d)";
    case KeyType::kBytes: return "a number of bytes, or text with a unit (\"256 MiB\", \"10GB\")";
    case KeyType::kStringList: return "a list of texts ([\"a\", \"b\"])";
    case KeyType::kStringMap:
      return "a table of texts ({name = \"value\"}; after --set: name=value)";
    case KeyType::kTables: return "a repeated table ([[name]])";
  }
  return "nothing";
}

Schema WithCommonKeys(Schema schema) {
  schema.keys.push_back({.name = "log.level",
                         .default_text = "info",
                         .help = "least level that is logged: debug, info, warn, error"});
  return schema;
}

}  // namespace logboom::daemon
