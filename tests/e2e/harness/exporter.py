"""An exporter on a free port, and what it serves."""
import re
import urllib.request

from harness import places
from harness.daemon import Daemon

_SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Exporter(Daemon):
    def __init__(self, folder, brokers, name="exporter", listen="127.0.0.1:0", settings=()):
        super().__init__(name, folder)
        self.brokers = brokers
        self.listen = listen
        self.settings = list(settings)

    def command(self):
        words = [places.program("logboom-exporter"), "--listen", self.listen]
        for broker in self.brokers:
            words += ["--broker", broker.address]
        for setting in self.settings:
            words += ["--set", setting]
        return words

    @property
    def url(self):
        return self.ready_addresses()[0]

    @property
    def target(self):
        """As Prometheus is told where to scrape."""
        return self.url.removeprefix("http://").removesuffix("/metrics")

    def page(self):
        with urllib.request.urlopen(self.url, timeout=20) as answer:
            return answer.read().decode("utf-8")

    def samples(self, family):
        """Of one family: (labels, value) of each sample."""
        return samples(self.page(), family)


def samples(page, family):
    found = []
    for line in page.splitlines():
        match = _SAMPLE.match(line)
        if match and match.group(1) == family:
            found.append((dict(_LABEL.findall(match.group(2) or "")), float(match.group(3))))
    return found
