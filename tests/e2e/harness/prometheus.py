"""Debian's Prometheus, unpacked below build/peers, on a free port of the loopback interface."""
import json
import os
import socket
import subprocess
import urllib.parse
import urllib.request

from harness import main, places, waiting
from harness.daemon import Daemon


def program(name):
    path = places.SOURCE / "build/peers/prometheus/usr/bin" / name
    if not os.access(path, os.X_OK):
        main.not_run(f"{name} is not unpacked below build/peers: ./dev test does that where "
                     "Debian's packages can be reached")
    return str(path)


def check_metrics(page):
    """What promtool has against a page of metrics: nothing, where all is well."""
    done = subprocess.run([program("promtool"), "check", "metrics"], input=page.encode(),
                          capture_output=True, timeout=waiting.DEADLINE_S, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus(Daemon):
    def __init__(self, folder, targets, name="prometheus"):
        super().__init__(name, folder)
        self.folder = folder
        self.address = f"127.0.0.1:{_free_port()}"
        listed = json.dumps(list(targets))
        (folder / "prometheus.yml").write_text(
            "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n"
            f"  - job_name: logboom\n    static_configs:\n      - targets: {listed}\n",
            encoding="utf-8")

    def command(self):
        return [program("prometheus"), f"--config.file={self.folder}/prometheus.yml",
                f"--storage.tsdb.path={self.folder}/{self.name}-data",
                f"--web.listen-address={self.address}"]

    def query(self, expression):
        """The instant vector: (labels, value) of each sample; empty while it does not answer."""
        url = f"http://{self.address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            return []
        return [(one["metric"], float(one["value"][1])) for one in result]

    def wait_query(self, expression, holds, what):
        def asked():
            found = self.query(expression)
            return bool(found) and holds(found), found
        return waiting.wait_until(what, asked, interval=0.1)[1]
