"""Writes the seeds of the fuzz corpus: golden files, and small inputs made by hand.

make_corpus.py

Files named crash-* or slow-* are inputs that once found a fault; this script leaves them alone.
"""
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from harness.protobuf import Fixed64, encode

GOLDEN = HERE.parent / "data/golden"
BATCH_HEADER_BYTES = 61


# ---- requests of the target `broker`

def source_id(number):
    return struct.pack(">QQ", 0, number)


def identity(number):
    return encode({1: f"/var/log/{number}.log", 3: number, 6: 100, 7: Fixed64(number * 7)})


def span(source, begin, end, first=False):
    fields = {1: source_id(source), 2: begin, 3: end, 4: Fixed64(end * 3), 5: 1}
    return encode({**fields, 7: identity(source)} if first else fields)


def row(source, kind, begin, end, first=False):
    fields = {1: source_id(source), 2: kind, 3: begin, 4: end, 5: 1, 6: "truncated",
              8: Fixed64(end * 3)}
    return encode({**fields, 9: identity(source)} if first else fields)


def request(api, body, client=0, kind=0, payload=b"", version=1):
    envelope = encode({3: version, 4: 1 << 20, api: encode(body)})
    return (bytes([0, client]) + struct.pack(">H", len(envelope)) + envelope +
            bytes([kind]) + struct.pack(">H", len(payload)) + payload)


def produce_spans(spans, client=0, kind=2, payload=b""):
    return request(11, {1: "T", 4: spans}, client, kind, payload)


def progress(rows, client=0):
    return request(19, {1: "T", 3: rows}, client)


def fetch(offset, wait_ms=0, client=0, rows=1):
    return request(12, {1: "T", 3: offset, 4: 65536, 5: wait_ms, 6: -1, 7: rows}, client)


def wait(ms):
    return b"\x04" + struct.pack(">H", ms)


CRASH = b"\x05"
TURN = b"\x07"


def anew(client):
    return bytes([6, client])


def broker_seeds():
    batch = (GOLDEN / "record/zstd.batch").read_bytes()
    first = produce_spans([span(1, 0, 100, True)])
    yield "produce_and_fetch", first + fetch(0) + request(13, {1: "T", 3: 2, 4: 5})
    yield "two_agents", first + produce_spans([span(2, 0, 50, True)], 1) + TURN + first + fetch(0)
    yield "duplicate_overlap_gap", (
        first + TURN + first + produce_spans([span(1, 50, 150)]) +
        produce_spans([span(1, 200, 300)]) + produce_spans([span(1, 100, 200)]))
    yield "many_spans", produce_spans([span(n, 0, 10 * n, True) for n in range(1, 9)]) + TURN + (
        produce_spans([span(n, 10 * n, 99 * n) for n in range(1, 9)]))
    yield "damaged_batch", first + produce_spans([span(1, 100, 200)], 0, 3, b"\1\2\3")
    yield "plain_and_crash", (
        request(11, {1: "T", 3: 0}, 0, 2, b"a") + CRASH + request(11, {1: "T", 3: 1}, 1, 2, b"b") +
        request(11, {1: "T", 3: 2}, 1, 2, b"c") + fetch(0))
    yield "reserved_headers", request(11, {1: "T"}, 0, 1, batch) + fetch(0)
    yield "crash_between", first + CRASH + first + produce_spans([span(1, 100, 180)]) + CRASH + (
        request(18, {1: "T", 2: 1}) + fetch(0))
    yield "progress", (
        progress([row(1, 0, 0, 70, True)]) + TURN + produce_spans([span(1, 70, 90)]) + TURN +
        progress([row(1, 1, 90, 120)]) + TURN + progress([row(1, 2, 120, 120)]) + TURN + fetch(0) +
        request(18, {1: "T", 2: 1}))
    yield "long_poll", fetch(0, 5000, 1) + wait(100) + first + wait(5000) + anew(1) + fetch(1, 90)
    yield "hellos", (
        request(10, {1: "p", 2: "1", 3: [encode({1: 10, 2: 1, 3: 1})],
                     4: {1: "a", 2: "h", 3: "boot-2", 4: "q", 5: ["web", "new", "..", "__x"]}}) +
        anew(0) + anew(1) + wait(40000) + first)
    yield "topics", (
        request(15, {1: "t2", 2: 3, 3: [encode({1: "segment.bytes", 2: "1048576"})]}) +
        request(16, {1: "t2", 2: [encode({1: "retention.ms", 2: "10"})]}) + request(14, {}) +
        request(14, {1: ["t2", "t3"], 2: 1}) + request(17, {1: "t2"}) + request(17, {1: "web"}) +
        first + request(14, {1: "web", 2: 1}))
    yield "reports", (
        request(20, {1: 1, 2: 0, 12: {1: "/a", 2: "web", 3: 9, 4: 8, 5: 7, 7: "x"}}) +
        request(20, {1: 1, 2: 1, 6: 5, 10: "e"}) + request(21, {}) + request(22, {1: "a"}) +
        request(22, {1: "nobody"}) + request(23, {}) + request(24, {}))
    yield "groups", (
        request(25, {1: "g", 2: "m", 3: "c", 4: "h", 5: "web"}) +
        request(26, {1: "g", 2: "m", 3: 1}) +
        first + request(28, {1: "g", 2: "m", 3: 1, 4: encode({1: "T", 3: 1, 4: -1, 5: "note"})}) +
        request(29, {1: "g"}) + request(30, {}) + request(31, {1: "g"}) +
        request(32, {1: "g", 2: "web", 3: -1, 4: 0, 6: 1}) + request(27, {1: "g", 2: "m"}) +
        request(32, {1: "g", 2: "web", 3: -1, 4: 1}) + request(33, {1: "g"}) + request(34, {}))
    yield "producer_ids", request(37, {}) + request(37, {}) + CRASH + request(37, {})
    yield "silence", first + wait(65535) + request(24, {}) + anew(0) + (
        produce_spans([span(1, 100, 9)]))
    yield "no_request", b"\0\0\0\4\xff\xff\xff\xff\0\0\0" + request(24, {}, version=9)


# ---- the other targets

FILE_KINDS = (".log", ".index", ".timeindex", ".appendtime", ".seal", ".sources",
              "partition.metadata", "leader-epoch-checkpoint", "log-start", "manifest",
              "superblock", ".snapshot", "leader-epochs", "clock", "backup.manifest",
              "compaction")


BACKUP_MANIFEST = b"""logboom-backup 1
cluster 00112233-4455-6677-8899-aabbccddeeff
restore-count 1
made 1700000000000
partition 56 7-0
file 1000 0badcafe 7-0/00000000000000000000.log
end 00000000
"""


# The target puts checksums right.
def side_car(magic, payload):
    return magic + struct.pack(">HHII", 1, 0, len(payload), 0) + payload


def slot(magic, payload):
    return (magic + struct.pack(">HHQI", 1, 0, 1, len(payload)) + payload).ljust(4096, b"\0")


def packed(name, data):
    kind = FILE_KINDS.index(name[20:] if name[0] == "0" else name)
    segment = 1 if name.startswith("0" * 18 + "56") else 0
    return bytes([kind, segment]) + struct.pack(">I", len(data)) + data


def batches_of(log, count):
    at = 0
    for _ in range(count):
        at += 12 + struct.unpack_from(">i", log, at + 8)[0]
    return log[:at]


def segment_seeds():
    files = {path.name: path.read_bytes() for path in sorted((GOLDEN / "segment/7-0").iterdir())}
    whole = {name: packed(name, data) for name, data in files.items()}
    text = {name: data for name, data in whole.items() if not name.startswith("0")}
    first, second = "0" * 20, "0" * 18 + "56"
    yield "golden", b"".join(whole.values())
    yield "second_segment", b"".join(data for name, data in whole.items()
                                     if not name.startswith(first))
    small = packed(first + ".log", batches_of(files[first + ".log"], 3))
    yield "three_batches", small + text["partition.metadata"] + text["leader-epoch-checkpoint"]
    yield "torn", small[:-100]
    yield "zeros", packed(first + ".log", batches_of(files[first + ".log"], 2) + bytes(300))
    yield "side_cars", small + b"".join(
        data for name, data in whole.items() if name[20:] in (".seal", ".sources", ".appendtime"))
    yield "indexes", small + b"".join(
        data for name, data in whole.items() if name[20:] in (".index", ".timeindex"))
    yield "slots", b"".join(packed(name, (GOLDEN / "segment" / name).read_bytes())
                            for name in ("manifest", "superblock")) + text["log-start"]
    snapshot = (GOLDEN / "producer_snapshot/00000000000000000500.snapshot").read_bytes()
    yield "producers", small + packed(first + ".snapshot", snapshot[:10]) + packed(
        second + ".snapshot", snapshot)
    yield "small_files", small + packed("leader-epochs", side_car(b"LBle", b"0\n2\n0 0\n1 56\n")) + packed(
        "clock", slot(b"LBac", struct.pack(">qIqq", 1_700_000_000_000, 1, 1_600_000_000_000, 5))) + packed(
            "backup.manifest", BACKUP_MANIFEST)
    clean, holes = struct.pack(">qq", 0, 0), struct.pack(">qq", 20, 56)
    yield "to_be_compacted", b"".join(whole.values()) + packed("compaction", side_car(b"LBcp", clean))
    log = files[first + ".log"]
    with_hole = batches_of(log, 1) + batches_of(log, 3)[len(batches_of(log, 2)):]
    yield "compacted", packed(first + ".log", with_hole) + text["partition.metadata"] + packed(
        "compaction", side_car(b"LBcp", holes))
    yield "second_without_first", packed(second + ".log", batches_of(files[second + ".log"], 2))


def record_batch_seeds():
    for path in sorted((GOLDEN / "record").glob("*.batch")):
        if path.name != "transactional.batch":
            yield path.stem, path.read_bytes()
    yield "span", b"\1" + bytes(8) + source_id(1) + struct.pack(">qqQII", 3, 9, 7, 1, 0)
    yield "source", (b"\1" + struct.pack(">QQqIQ", 1, 2, 3, 4, 5) +
                     b"".join(struct.pack(">I", len(s)) + s for s in (b"a", b"/x", b"u")))


def codec_seeds():
    numbers = {"none": 0, "gzip": 1, "lz4": 3, "lz4_linked": 3, "zstd": 4, "zstd_stream": 4}
    for name, number in numbers.items():
        batch = (GOLDEN / f"record/{name}.batch").read_bytes()
        yield name, bytes([number]) + batch[BATCH_HEADER_BYTES:][:1500]
    yield "snappy", b"\2\x0b\x28hello world"
    xerial = b"\x82SNAPPY\0" + struct.pack(">iii", 1, 1, 13)
    yield "snappy_xerial", b"\2" + xerial + b"\x0b\x28hello world"


def row_seeds():
    def text(data):
        return struct.pack(">I", len(data)) + data

    def keyed(key, value):
        return bytes([len(key)]) + key + value
    who = b"\1" + struct.pack(">QQqIQ", 1, 2, 3, 4, 5) + text(b"a") + text(b"/x") + text(b"u")
    yield "agent", keyed(b"a", b"\1" + struct.pack(">Qq", 7, 9) + text(b"host") +
                         struct.pack(">I", 1) + source_id(5) + struct.pack(">i", 2))
    yield "source", keyed(source_id(5) + source_id(6),
                          b"\1" + struct.pack(">iBqQq", 0, 0, 100, 7, 9) + text(who) +
                          b"\1" + struct.pack(">qQ", 90, 3))
    yield "left_out", keyed(source_id(5) + struct.pack(">iqI", 0, 10, 2),
                            b"\2" + struct.pack(">q", 1_700_000_000_000) + source_id(3) +
                            struct.pack(">qqB", 10, 20, 1) + text(b"a") + text(b"/l") + text(b"") +
                            struct.pack(">I", 5))
    yield "gap", keyed(source_id(5) + struct.pack(">iqI", 0, 10, 1),
                       b"\1" + struct.pack(">q", 9) + source_id(6) + struct.pack(">qqB", 1, 5, 1) +
                       text(b"a") + text(b"/x") + text(b"gone"))
    yield "committed_offset", keyed(text(b"group") + source_id(5) + struct.pack(">i", 0),
                                    b"\1" + struct.pack(">qiq", 7, 0, 9) + text(b"note"))
    yield "producer_ids", keyed(b"", b"\1" + struct.pack(">q", 1_001_000))
    yield "topic", keyed(struct.pack(">I", 3),
                         b"\1\0" + source_id(5) + struct.pack(">i", 2) + text(b"web") +
                         struct.pack(">I", 1) + text(b"retention.ms") + text(b"100"))


def envelope_seeds():
    for path in sorted((GOLDEN / "protocol").glob("*.bin")):
        yield path.stem, path.read_bytes()
    yield "error", encode({1: 3, 2: {1: 12, 2: "positions", 3: 1, 4: {1: 1, 2: 2, 3: 3},
                                   5: {1: source_id(1), 2: 5, 3: 4}}})
    yield "not_utf8", "ok \u00e9".encode() + b"\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\0\x1b[31m"
    yield "deep", b"\x52\x7f" * 60


def config_seeds():
    yield "full", b"""# all types
text = "a \\u00e9 \\n\\t\\"quoted\\""
time = "1h30m"
size = "1.5 GiB"
list = ["a", 'b']
map = {a = "1", "b.c" = "2"}
[section]
number = 42
flag = false
[[input]]
include = ["/var/log/**/*.log"]
topic = "web"
[input.labels]
env = "prod"
[[input]]
include = []
"""
    yield "dotted", b'section.number = 0x10\nsection."flag" = true\ntime = 0\nsize = 1_000\n'
    yield "multiline", b'text = """\na\\\n  b  # c\n"""\nmap."x y" = \'\'\'z\'\'\'\n'
    yield "wrong", b"section = 5\nnumber = 1e3\ntim = 1979-05-27T07:32:00Z\n[input]\n"
    yield "nested", b"a=" + b"[" * 300 + b"]" * 300
    yield "duration", b"7d4h3m2s1ms"
    yield "bytes", b"9223372036854775807"
    yield "fraction", b"0.5 TB"


def glob_seeds():
    for name, text in {
            "logs": "/var/log/**/*.log\n/var/log/a/b/x.log",
            "braces": "/srv/{a,b{1,2},}/[a-c]?.{log,txt}\n/srv/b2/bx.log",
            "sets": "/x/[!a-z]*[^0-9]\n/x/Q-",
            "escapes": "/x/\\*\\[\\{\\?\n/x/*[{?",
            "stars": "/" + "*a" * 30 + "\n/" + "a" * 60,
            "double_stars": "/**/**/**/x/**\n/a/b/x/c/d",
            "utf8": "/\u00e9?/*\n/\u00e9\u00fc/\u4e16",
            "broken": "/{a,b\n/a",
            "relative": "var/*.log\nvar/a.log"}.items():
        yield name, text.encode()


def address_seeds():
    for name, text in {
            "ipv4": "127.0.0.1:19561", "ipv6": "[::1]:0", "name": "localhost:80",
            "tcp": "tcp://127.0.0.1:19550", "tcp_any": "tcp://*:1",
            "tcp_ipv6": "tcp://[fe80::1%eth0]:5", "too_large": "h:65536", "no_port": "tcp://host",
            "zone": "[::1%lo]:7"}.items():
        yield name, text.encode()


# ---- lines, for the targets of lib/parse

LINES = {
    "access": {
        "common": '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326',
        "combined": '::1 - - [23/Nov/2026:10:00:00 +0000] "GET /a b HTTP/1.1" 304 - "-" "x (y)" z',
        "escapes": r'c - u v [1/Jan/2026:00:00:00 +0000] "\x16\x03\"\n\q\033" 400 0 "\"" "\u00e9"'},
    "json": {
        "flat": r'{"level":"info","msg":"a \"b\" \u00e9 \ud83d\ude00","n":-1.5e+3,"ok":true,"x":null}',
        "nested": ' {"a" : {"b":{"c":1,"d":{}},"e":[1,{"f":"]"},[]]},"a":2} ',
        "deep": '{"a":' * 31 + '[1]' + '}' * 31,
        "surrogates": r'{"\ud800":"\udc00\ud800\u0041","\u0000":"\/\b\f\n\r\t"}'},
    "klog": {
        "klog": "I0102 15:04:05.000000    4711 server.go:42] text",
        "glog": "E20261123 10:00:00.123456 1 a:b.cc:7]"},
    "level": {
        "capitals": "2026-11-23 10:00:00,123 ERROR [main] c.f.Service - text",
        "brackets": "[Mon Nov 23] [ssl:warn] [info  ] <error> \x1b[1;31mERROR\x1b[0m",
        "json": r'{"time":1,"msg":"an \"ERROR\"","level": 30,"severity" : "Warning"}',
        "keyed": "lvl=\"warn\" severity: CRITICAL log.level='e'",
        "told": "sshd[1]: error: kex warning: text",
        "priority": "<191>text",
        "klog": "I0102 15:04:05.000000 1 a.go:1] text"},
    "logfmt": {
        "plain": "at=info method=GET path=/a?b=c flag bytes= took=1ms",
        "quoted": r'a="x \"y\" \x1b\u00e9\U0001f600\033\q" b="" c',
        "utf8": "\u00fcber=\u4e16 \t x=="},
    "regex": {
        "groups": "^(?P<a>\\w+) (\\d+)(?P<b>x)?$\nabc 12",
        "perl": "(?<n>[0-9]+)\\(?<m>[(?<]\\Q(?<q>\\E\nx7",
        "bytes": "(?P<a>\\C*)\n\u00e9",
        "broken": "(?P<a>[0-9\n1"},
    "syslog": {
        "rfc5424": '<34>1 2003-10-11T22:14:15.003Z host su 7 ID47 [a@1 b="c\\"d" e=""][f] text',
        "rfc3164": "<13>Nov  3 10:00:00 host su[77]: text",
        "file": "Nov 23 10:00:00 host systemd[1]: Started",
        "iso_file": "2026-11-23T10:00:00.000001+01:00 host kernel: [   12.5] usb",
        "nil": "<0>1 - - - - - -",
        "local": "<6>Nov 23 2026 10:00:00.5 me: text"},
    "time": {
        "iso": "iso\n2026-11-23T10:00:00.123456+01:00",
        "compact": "auto\n20261123T100000,5Z",
        "apart": "auto\n2026/11/23 10:00:00 -0530",
        "syslog": "syslog\nFeb 29 10:00:00.5",
        "access": "access\n10/Oct/2000:13:55:36 -0700",
        "klog": "klog\n1123 10:00:00.123456",
        "unix": "unix\n1795428000.123",
        "unix_ns": "unix_ns\n-1795428000123456789",
        "own": "%a, %e. %B %y %I:%M:%S.%f %p %z%%%Z%n\nMon, 3. February 69 12:59:60.5 PM +01:00%CET",
        "seconds": "t=%s.%L\nt=1795428000.250"},
}


# The first byte chooses how much is read at a time.
LINES["syslog_framing"] = {
    "lines": "\x03<13>one\n<14>two\n\n<15>half",
    "counted": "\x007 <13>one8 <14>a\nb.3 <1",
    "mixed": "\x0f<13>one\n7 <14>two<15>three\n0 x\n1234567890 y\n",
    "half": "\x0411 <13>mess"}
# The first byte chooses the preset, and hashes from 128 on.
LINES["redact"] = {
    "card": "\x00pay 4111 1111 1111 1111, 5500005555555559 1234",
    "email": "\x01to <jo.e+x@mail.example.org> a@b",
    "token": "\x02Authorization: Bearer abcdef0123456789 password=x https://u:p@h/",
    "ip": "\x03from 10.0.0.1:80, [2001:db8::1]:443 ::ffff:10.0.0.1."}


def line_seeds(target):
    for name, line in LINES[target].items():
        yield name, line.encode()


def zone_seeds():
    for zone in ("Asia/Kathmandu", "Pacific/Apia", "Asia/Gaza"):
        yield zone.replace("/", "_"), (GOLDEN.parent / "zoneinfo" / zone).read_bytes()


def main():
    for target in LINES:
        globals()[f"{target}_seeds"] = lambda target=target: line_seeds(target)
    for target in ("address", "broker", "codec", "config", "envelope", "glob", "record_batch",
                   "row", "segment", "zone", *LINES):
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in globals()[f"{target}_seeds"]():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
