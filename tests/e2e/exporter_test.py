"""The exporter beside real brokers: what it serves, what Prometheus makes of it, and lag that is right."""
import json
import re
import urllib.request

from harness import main, places, prometheus, waiting
from harness.case import ProcessCase


class ExporterCase(ProcessCase):
    def lag(self, *brokers):
        """What `logboom lag` says, by group, topic and partition."""
        words = [word for broker in brokers for word in ("--broker", broker.address)]
        rows = json.loads(brokers[0].commands.run(*words, "lag", "--format", "json").stdout)
        return {(row["group"], row["topic"], str(row["partition"])): row for row in rows}

    def committed(self, broker, group, topic, lines, read):
        """A group that has read `read` of `lines` records."""
        broker.commands.run("topics", "create", topic, "--partitions", "2")
        data = b"".join(b"line %d\n" % at for at in range(lines))
        broker.commands.produce(topic, data)
        broker.commands.run("consume", topic, "--group", group, "--from", "earliest",
                            "--max", read)


class Serves(ExporterCase):
    def read(self, url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode("utf-8")

    def test_a_page_that_promtool_has_nothing_against(self):
        server = self.broker().start()
        self.committed(server, "readers", "web", 100, 30)
        self.agent(server, self.log("app.log", b"one\ntwo\n"), topic="app").once()
        exporter = self.exporter(server).start()
        self.assertEqual(prometheus.check_metrics(exporter.page()), (0, ""))

    def test_the_daemons_own_pages_pass_promtool_too(self):
        server = self.broker(settings=["metrics.listen=127.0.0.1:0"]).start()
        shipper = self.agent(server, self.log("app.log", b"one\n"),
                             settings=["metrics.listen=127.0.0.1:0"]).start()
        for daemon in (server, shipper):
            with self.subTest(daemon=daemon.name):
                page = self.read(daemon.ready_addresses()[1])
                self.assertEqual(prometheus.check_metrics(page), (0, ""))

    def test_every_metric_is_described(self):
        server = self.broker(settings=["metrics.listen=127.0.0.1:0"]).start()
        self.committed(server, "readers", "web", 100, 30)
        shipper = self.agent(server, self.log("app.log", b"one\n"),
                             settings=["metrics.listen=127.0.0.1:0"]).start()
        pages = [self.exporter(server).start().page(), self.read(server.ready_addresses()[1]),
                 self.read(shipper.ready_addresses()[1])]
        served = set(re.findall(r"^# TYPE (\S+)", "\n".join(pages), re.MULTILINE))
        described = set(re.findall(r"`((?:logboom|process)_\w+)`",
                                   (places.SOURCE / "docs/metrics.md").read_text(encoding="utf-8")))
        self.assertEqual(served - described, set())
        self.assertEqual({name for name in described - served if not name.startswith("logboom_agent_")},
                         set())

    def test_lag_is_what_the_command_line_says(self):
        server = self.broker().start()
        self.committed(server, "readers", "web", 100, 30)
        exporter = self.exporter(server).start()
        told = self.lag(server)
        self.assertEqual(sum(row["lag_records"] or 0 for row in told.values()), 70)
        for family, field in (("committed_offset", "committed_offset"),
                              ("lag_records", "lag_records")):
            with self.subTest(family=family):
                served = {(labels["group"], labels["topic"], labels["partition"]): value
                          for labels, value in
                          exporter.samples(f"logboom_consumer_group_{family}")}
                self.assertEqual(served, {key: row[field] for key, row in told.items()
                                          if row[field] is not None})

    def test_lag_in_seconds_grows_while_nobody_reads(self):
        server = self.broker().start()
        self.committed(server, "readers", "web", 100, 30)
        exporter = self.exporter(server).start()

        def longest():
            return max(value for _, value in
                       exporter.samples("logboom_consumer_group_lag_seconds"))
        first = longest()
        waiting.wait_until("the lag has grown by a second", lambda: longest() >= first + 1)
        told = max(row["lag_seconds"] for row in self.lag(server).values())
        self.assertLess(abs(longest() - told), 5)

    def test_a_broker_that_is_down_is_0_and_the_others_go_on(self):
        first = self.broker(settings=["broker.name=log-1"]).start()
        second = self.broker(name="second", settings=["broker.name=log-2"]).start()
        exporter = self.exporter(first, second, settings=["timeout=1s"]).start()
        up = dict((labels["broker"], value) for labels, value in exporter.samples("logboom_up"))
        self.assertEqual(up, {"log-1": 1, "log-2": 1})
        second.kill()
        up = dict((labels["broker"], value) for labels, value in exporter.samples("logboom_up"))
        self.assertEqual(up, {"log-1": 1, "log-2": 0})
        self.assertIn("broker " + second.address, exporter.stderr_text())
        second.start()
        waiting.wait_until("the broker is up again", lambda: all(
            value == 1 for _, value in exporter.samples("logboom_up")))

    def test_what_is_deleted_is_gone_from_the_next_scrape(self):
        server = self.broker().start()
        self.committed(server, "readers", "web", 10, 10)
        exporter = self.exporter(server).start()
        self.assertIn('topic="web"', exporter.page())
        server.commands.run("topics", "delete", "web", "--yes")
        self.assertNotIn('topic="web"', exporter.page())

    def test_a_taken_port_is_told(self):
        server = self.broker().start()
        first = self.exporter(server).start()
        second = self.exporter(server, name="second", listen=first.target)
        second.start(ready=False)
        self.assertEqual(second.wait(), 1)
        self.assertIn("the port is taken", second.stderr_text())

    def test_it_ends_cleanly(self):
        server = self.broker().start()
        exporter = self.exporter(server).start()
        exporter.page()
        self.assertEqual(exporter.stop(), 0)


class Scraped(ExporterCase):
    def test_prometheus_scrapes_it_and_sees_the_same_lag(self):
        server = self.broker().start()
        self.committed(server, "readers", "web", 1000, 400)
        exporter = self.exporter(server).start()
        scraper = prometheus.Prometheus(self.folder, [exporter.target])
        self.daemons.append(scraper)
        scraper.start(ready=False)
        scraper.wait_query('up{job="logboom"}', lambda found: found[0][1] == 1,
                           "Prometheus has scraped the exporter")
        scraper.wait_query("logboom_up", lambda found: found[0][1] == 1, "the broker is up")
        found = scraper.wait_query("sum(logboom_consumer_group_lag_records)",
                                   lambda found: found[0][1] > 0, "there is lag")
        told = sum(row["lag_records"] or 0 for row in self.lag(server).values())
        self.assertEqual(found[0][1], told)
        self.assertEqual(told, 600)
        # Read to the end, it falls to nothing.
        server.commands.run("consume", "web", "--group", "readers", "--until-end")
        scraper.wait_query("sum(logboom_consumer_group_lag_records)",
                           lambda found: found[0][1] == 0, "the lag is gone")
        scraper.wait_query("max(logboom_consumer_group_lag_seconds)",
                           lambda found: found[0][1] == 0, "in seconds too")


if __name__ == "__main__":
    main.run()
