// Files that are no text, and are left alone where their input says so: InputOptions::binary.
//
// Of files that a pattern found; one that is named without a wildcard was asked for. A NUL byte
// tells them, among the first kBinaryHeadBytes (of an archive: of what was compressed),
// when the file is to be read for the first time. NUL bytes that all the others follow tell
// nothing: they are the hole that a program leaves which goes on at its old position after its log
// was truncated. Nor do those at the end: room that was made ahead, to be written in place.
#pragma once

#include <string_view>

#include "agent/topic_parts.h"
#include "agent/watched_file.h"
#include "lib/base/bytes.h"

namespace logboom::agent {

// wtmp, btmp and lastlog, rotated ones too, and journals: what stands beside logs and is none.
bool HasBinaryName(std::string_view path);

// Of a file that begins with `head`.
bool IsBinary(ByteView head);

// Whether it is to be left alone; asked before anything of it was read. Once it was found to be
// text, it stays that until it is truncated. Its handle is open.
bool IsLeftAlone(WatchedFile& file);
// Its state from now on; said once.
void LeaveAlone(TopicParts& parts, WatchedFile& file);
// Of one that is left alone and has changed: whether it is binary still. Opens it for a moment.
bool IsStillBinary(TopicParts& parts, const WatchedFile& file);

}  // namespace logboom::agent
