#!/usr/bin/env python3
"""Stops p2pnode at random moments, again and again; best with a build for ThreadSanitizer.

Each round starts a node that has two peers to dial and is itself connected to by others, sends it
SIGTERM at a moment between its first instruction and a second of work, and expects exit status 0
within ten seconds and no report of a sanitizer. The signal is blocked in the child before p2pnode
runs, so that one that comes early waits until p2pnode looks for it instead of killing the process.
"""

import argparse
import contextlib
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

import wire
from bitcoin_p2p import Closed, Connection, HeaderServer
from node import Node
from process import LOOPBACK

REPORTS = ("Sanitizer", "runtime error:", "BUG:", "Assertion")
STOP_SECONDS = 10


def block_sigterm():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


class Visitors:
    """Connects to a port all the time, shakes hands, asks for headers and leaves."""

    def __init__(self, port):
        self.port = port
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(3)]
        for thread in self.threads:
            thread.start()

    def leave(self):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _visit(self):
        while not self.over.wait(0.01):
            with contextlib.suppress(OSError, Closed, AssertionError):
                with Connection.to(self.port, timeout=1) as connection:
                    connection.handshake(timeout=1)
                    connection.get_headers([wire.GENESIS_HASH], timeout=1)
                    self.over.wait(random.random() / 5)


def complaint(node, status):
    """What is wrong with the end of a node, or None."""
    log = node.log()
    if status != 0:
        return f"exit status {status}"
    found = [word for word in REPORTS if word in log]
    return f"the log has {found}" if found else None


def storm_round(folder, servers, delay):
    """One start and one stop. AssertionError when it went wrong.

    Returns: the time it took to stop, and whether peers were connected.
    """
    dialled = [f"--connect={LOOPBACK}:{server.port}" for server in servers]
    node = Node(folder, *dialled, "--generate=0.05", "--retry-interval=0.05")
    node.log_path.unlink(missing_ok=True)
    visitors = Visitors(node.port)
    try:
        node.launch(preexec_fn=block_sigterm)
        time.sleep(delay)
        started = time.monotonic()
        node.signal(signal.SIGTERM)
        status = node.wait(STOP_SECONDS)
        took = time.monotonic() - started
    except subprocess.TimeoutExpired:
        node.signal(signal.SIGABRT)
        raise AssertionError(f"still running {STOP_SECONDS} s after SIGTERM") from None
    finally:
        visitors.leave()
        if node.running():
            node.kill()
    wrong = complaint(node, status)
    assert wrong is None, f"{wrong}\n{node.log()[-6000:]}"
    return took, "connected:" in node.log()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=100, help="how often to stop")
    parser.add_argument("--longest", type=float, default=1.0, help="the latest moment, in seconds")
    parser.add_argument("--seed", type=int, help="repeats the moments of an earlier run")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    moments = random.Random(seed)
    chain = wire.Chain()
    chain.extend(4000)
    slowest, failed, with_peers = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder, HeaderServer(chain) as one, HeaderServer(
        chain
    ) as two:
        for number in range(options.times):
            delay = moments.uniform(0, options.longest)
            home = pathlib.Path(folder, str(number % 10))  # every tenth finds data of an earlier one
            try:
                took, connected = storm_round(home, (one, two), delay)
                slowest = max(slowest, took)
                with_peers += connected
            except AssertionError as error:
                failed += 1
                print(f"round {number}, SIGTERM after {delay:.3f} s (seed {seed}): {error}")
    print(
        f"sigterm_storm: {options.times - failed} of {options.times} stops clean, "
        f"{with_peers} with peers connected; the slowest took {slowest:.2f} s"
    )
    sys.exit(0 if with_peers and not failed else 1)


if __name__ == "__main__":
    main()
