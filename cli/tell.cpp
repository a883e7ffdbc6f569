#include "cli/tell.h"

#include "cli/brokers.h"
#include "cli/json_writer.h"

namespace logboom::cli {

ExitCode Tell(Context& context, const Status& status, const Deed& deed) {
  if (!status.ok()) return Complain(context, status.error());
  Output& out = context.environment.out;
  if (context.flags.format == Format::kJson) {
    JsonWriter(out.buffer()).BeginObject().Key(deed.done).String(deed.name).EndObject();
  } else {
    out.Write(fmt::format("{} {} {}", deed.done, deed.noun, deed.name));
  }
  out.Write('\n');
  return ExitCode::kDone;
}

}  // namespace logboom::cli
