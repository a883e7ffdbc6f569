// The fuzz targets: functions from any bytes to nothing, which fail an EXPECT, or die, where a
// promise does not hold. libFuzzer calls one of them in each program of ./dev fuzz;
// fuzz_corpus_test calls them all on the checked-in corpus and on seeded mutations of it.
//
// A target keeps nothing between two calls: the same bytes do the same, always.
#pragma once

#include <string_view>

#include "lib/base/bytes.h"

namespace logboom::fuzz {

// A line of an access log: fields within the limits, each text in the line or the arena (as for
// every parser: parser_check.h).
void Access(ByteView input);

// "HOST:PORT" and "tcp://HOST:PORT": what parses is written so that it parses to the same.
void Address(ByteView input);

// A script of requests, turns and crashes (broker_target.cpp describes it) against a server in a
// world in memory: it goes on answering, and what it acknowledged stays readable.
void Broker(ByteView input);

// Byte 0 chooses the codec, the rest is compressed, or to be: nothing grows beyond its limit, what
// was compressed comes back.
void Codec(ByteView input);

// A TOML file against a schema of every type: what loads, loads again from what it shows.
void Config(ByteView input);

// A Request, and a Response: what parses is encoded so that it parses to the same.
void Envelope(ByteView input);

// Four bytes that choose limits, encoding, container format and folding, then a file: its pieces
// fit, take all of it, and are the same however much of it was read.
void Framing(ByteView input);

// A pattern, a newline, a path: matching agrees with itself, and with the pattern's fixed root.
void Glob(ByteView input);

// A JSON object: its fields, written as an object, parse to the same.
void Json(ByteView input);

// A line of klog's.
void Klog(ByteView input);

// A line, for its level: only its first bytes matter, and what stands first in them.
void Level(ByteView input);

// A line of logfmt: its fields, written as such a line, parse to the same.
void Logfmt(ByteView input);

// A batch, as it is and with a checksum put right: what walks to its end is built anew to the same.
// Also the headers lb.span and lb.source by themselves.
void RecordBatch(ByteView input);

// A byte that chooses what is redacted and how, then a line: it stays within its limit, and as it
// is where nothing is found.
void Redact(ByteView input);

// A pattern, a newline, a line: each field's value stands in the line.
void Regex(ByteView input);

// Rows of the metadata store: what decodes is encoded so that it decodes to the same.
void Row(ByteView input);

// The files of a partition's directory and of its broker (partition_files.h), as they are and with
// their checksums put right: verify, dump, walk, scrub and recovery end; what recovery left is
// whole, and takes appends; where it says that it was compacted, a pass of compaction too.
void Segment(ByteView input);

// A line of syslog, and what follows a priority.
void Syslog(ByteView input);

// A byte that chooses how much is read at a time, then the bytes of a connection: every byte is
// consumed once, and messages are the same however they were read.
void SyslogFraming(ByteView input);

// A format, a newline, a text: a time is within the years, and written as RFC 3339 is read as
// itself.
void Time(ByteView input);

// A time zone's file: what is taken has offsets of real clocks, always.
void Zone(ByteView input);

struct Target {
  std::string_view name;  // of its folder in corpus/
  void (*run)(ByteView input);
};

inline constexpr Target kTargets[] = {
    {"access", Access},
    {"address", Address},
    {"broker", Broker},
    {"codec", Codec},
    {"config", Config},
    {"envelope", Envelope},
    {"framing", Framing},
    {"glob", Glob},
    {"json", Json},
    {"klog", Klog},
    {"level", Level},
    {"logfmt", Logfmt},
    {"record_batch", RecordBatch},
    {"redact", Redact},
    {"regex", Regex},
    {"row", Row},
    {"segment", Segment},
    {"syslog", Syslog},
    {"syslog_framing", SyslogFraming},
    {"time", Time},
    {"zone", Zone},
};

}  // namespace logboom::fuzz
