"""The command line, run against one broker."""
import json
import os
import subprocess

from harness import places, records, waiting
from harness.daemon import die_with_parent


class Commands:
    def __init__(self, address):
        self.environment = dict(os.environ, LOGBOOM_BROKER=address)

    def popen(self, *words, **streams):
        return subprocess.Popen([places.program("logboom"), *map(str, words)], env=self.environment,
                                preexec_fn=die_with_parent, **streams)

    def run(self, *words, stdin=b"", code=0, seconds=waiting.DEADLINE_S):
        """Runs a verb to its end; fails unless it ends with `code`."""
        process = self.popen(*words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        try:
            stdout, stderr = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError(f"logboom {' '.join(map(str, words))}: no end after {seconds} s")
        done = subprocess.CompletedProcess(words, process.returncode, stdout, stderr)
        if done.returncode != code:
            raise AssertionError(f"logboom {' '.join(map(str, words))}: exit {done.returncode}, "
                                 f"expected {code}; stderr: {stderr.decode('utf-8', 'replace')}")
        return done

    def produce(self, topic, data, *words):
        return self.run("produce", topic, *words, stdin=data)

    def consume_raw(self, topic):
        return self.run("consume", topic, "--from", "earliest", "--until-end",
                        "--format", "raw").stdout

    def consume_json(self, topic):
        return self.run("consume", topic, "--from", "earliest", "--until-end",
                        "--format", "json").stdout

    def lines(self, topic):
        """Each stored line, in the order of offsets; parts of long lines are joined."""
        return records.joined_lines(records.parse(self.consume_json(topic)))

    def end_offsets(self):
        """How many records the broker would serve of each topic."""
        ends = {}
        for row in json.loads(self.run("status", "--format", "json").stdout)["durable_offsets"]:
            ends[row["topic"]] = ends.get(row["topic"], 0) + row["durable_end_offset"]
        return ends

    def end_offset(self, topic):
        return self.end_offsets().get(topic, 0)
