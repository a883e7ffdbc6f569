"""Waits: each is for a condition, and has a deadline."""
import time

from harness import places

# A shared machine may stall for seconds; a wait ends as soon as its condition holds.
DEADLINE_S = 120.0 if places.SANITIZED else 30.0
INTERVAL_S = 0.01


class WaitedInVain(AssertionError):
    """The condition did not hold in time; the message says which, and what was last seen."""


def wait_until(what, condition, seconds=DEADLINE_S, interval=INTERVAL_S):
    """Calls `condition` until it returns something true, and returns that.

    A condition that returns a tuple whose first element is false goes on; the rest is what was seen, for
    the message.
    """
    deadline = time.monotonic() + seconds
    while True:
        seen = condition()
        if isinstance(seen, tuple):
            holds, *details = seen
        else:
            holds, details = seen, []
        if holds:
            return seen
        if time.monotonic() >= deadline:
            raise WaitedInVain(f"after {seconds:g} s still not: {what}"
                               + (f"; last seen: {details}" if details else ""))
        time.sleep(interval)
