// The manifest as bytes: a side-car container of PartitionCheckpoints.
// docs/formats/data-directory.md.
#pragma once

#include "broker/storage/data_directory.h"
#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::broker {

Bytes EncodeManifest(const Manifest& manifest);
Result<Manifest> DecodeManifest(ByteView bytes);

}  // namespace logboom::broker
