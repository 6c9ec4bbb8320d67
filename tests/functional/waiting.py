"""Waiting for a state instead of for a time."""

import os
import time

POLL_SECONDS = 0.02

# How much slower than a release build the program under test may be. Sanitizers cost time.
TIME_FACTOR = float(os.environ.get("P2PNODE_TEST_TIME_FACTOR", "1"))


def wait_until(what, condition, timeout):
    """Polls condition() until it is true and returns that value; an assertion error names what failed.

    An OSError from condition() counts as "not yet": the process asked may be starting.
    """
    deadline = time.monotonic() + timeout * TIME_FACTOR
    while True:
        try:
            value = condition()
        except OSError as error:
            value, seen = None, repr(error)
        else:
            seen = repr(value)
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout * TIME_FACTOR:g} s; last seen {seen}")
        time.sleep(POLL_SECONDS)


def wait_for_value(what, function, expected, timeout):
    """Polls function() until it returns expected."""
    seen = None

    def reached():
        nonlocal seen
        seen = function()
        return seen == expected

    try:
        wait_until(what, reached, timeout)
    except AssertionError as error:
        raise AssertionError(f"{what}: expected {expected!r}, got {seen!r} ({error})") from None
