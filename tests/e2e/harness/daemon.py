"""A program that runs until it is told to end: the base of brokers and agents."""
import ctypes
import os
import pathlib
import signal
import subprocess

from harness import waiting

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def die_with_parent():
    """In the child: whatever ends the test, also a kill at its time limit, ends what it started."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Daemon:
    """Owns one process at a time; started again it is the same daemon, and its stderr goes on."""

    def __init__(self, name, folder, wrapper=()):
        self.name = name
        self.wrapper = list(wrapper)  # runs the program: strace, for one
        self.stderr_path = pathlib.Path(folder) / f"{name}.stderr"
        self.process = None
        self.usage = None  # resource usage of the last process, once it ended
        self._stderr_begin = 0
        self._user = None

    def command(self):
        raise NotImplementedError

    def as_user(self, uid):
        """Later starts run as this user."""
        self._user = uid
        return self

    def start(self, ready=True, extra=(), stdin=subprocess.DEVNULL):
        """Starts it; with `ready` waits for its ready line. `stdin` as for subprocess.Popen."""
        assert not self.running(), f"{self.name} runs already"
        self._stderr_begin = self.stderr_path.stat().st_size if self.stderr_path.exists() else 0
        identity = {} if self._user is None else {"user": self._user, "group": self._user,
                                                  "extra_groups": []}
        with open(self.stderr_path, "ab") as stderr:
            self.process = subprocess.Popen(
                self.wrapper + self.command() + list(extra), stdin=stdin,
                stdout=subprocess.PIPE, stderr=stderr, preexec_fn=die_with_parent, **identity)
        if ready:
            self.wait_ready()
        return self

    @property
    def pid(self):
        """Of the program; a wrapper is another process."""
        if not self.wrapper:
            return self.process.pid
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text(encoding="ascii").split()[0])

    def running(self):
        return self.process is not None and self._poll() is None

    def stderr_text(self):
        """What the last started process said; all that is kept stands in `stderr_path`."""
        if not self.stderr_path.exists():
            return ""
        with open(self.stderr_path, "rb") as file:
            file.seek(self._stderr_begin)
            return file.read().decode("utf-8", "replace")

    def ready_addresses(self):
        """None until it is ready."""
        for line in self.stderr_text().splitlines(keepends=True):
            words = line.split()
            if "ready" in words and line.endswith("\n"):
                return words[words.index("ready") + 1:]
        return None

    def wait_ready(self, seconds=waiting.DEADLINE_S):
        def ready_or_ended():
            addresses = self.ready_addresses()
            if addresses is None and not self.running():
                raise AssertionError(f"{self.name} ended with {self.process.returncode} before it "
                                     f"was ready:\n{self.stderr_text()}")
            return addresses is not None, addresses
        waiting.wait_until(f"{self.name} is ready", ready_or_ended, seconds, interval=0.002)
        return self

    def wait_stderr(self, words, seconds=waiting.DEADLINE_S):
        waiting.wait_until(f"{self.name} says '{words}'",
                           lambda: words in self.stderr_text() or (False, self.stderr_text()[-800:]),
                           seconds)

    def wait(self, seconds=waiting.DEADLINE_S):
        """Waits for its end, and returns the exit code."""
        waiting.wait_until(f"{self.name} ended", lambda: self._poll() is not None, seconds)
        return self.process.returncode

    def output(self):
        """What it wrote to stdout, once it ended."""
        with self.process.stdout:
            return self.process.stdout.read()

    def send(self, number):
        if self.running():
            os.kill(self.pid, number)

    def stop(self, seconds=waiting.DEADLINE_S):
        """An orderly end; returns the exit code."""
        self.send(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        """No warning, no last words."""
        self.send(signal.SIGKILL)
        return self.wait()

    def clean_up(self):
        if self.running():
            self.kill()
        if self.process is not None:
            self.process.stdout.close()

    def _poll(self):
        """As Popen.poll(), and keeps the resource usage."""
        if self.process.returncode is None:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                self.usage = usage
        return self.process.returncode
