"""Child processes of the tests: started with their output in a file, ended by their own pid."""

import os
import random
import signal
import socket
import subprocess

from waiting import TIME_FACTOR

LOOPBACK = "127.0.0.1"
# Below the range from which Linux takes the ports of outgoing connections.
FIRST_PORT, LAST_PORT = 20000, 32000
_given = set()


def free_port():
    """A TCP port on which nothing listens on loopback, and which nobody was given lately, who may
    not listen yet."""
    if len(_given) > (LAST_PORT - FIRST_PORT) / 2:
        _given.clear()
    while True:
        port = random.randrange(FIRST_PORT, LAST_PORT)
        if port in _given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        _given.add(port)
        return port


class Process:
    """One program with its arguments; it can be started and stopped many times."""

    def __init__(self, argv, log_path, environment=None):
        self.argv = [str(argument) for argument in argv]
        self.log_path = log_path
        self.environment = environment
        self.child = None

    @property
    def pid(self):
        return self.child.pid

    def launch(self, **popen):
        """Starts the process and does not wait for anything."""
        assert not self.running(), f"{self.argv[0]} runs already"
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                **popen,
            )

    def start(self, **popen):
        """Starts the process; a subclass waits until it is of use."""
        self.launch(**popen)
        return self

    def running(self):
        return self.child is not None and self.child.poll() is None

    def signal(self, number):
        os.kill(self.child.pid, number)

    def wait(self, timeout):
        """The exit status; negative is the number of the signal that ended the process."""
        return self.child.wait(timeout * TIME_FACTOR)

    def stop(self, timeout=15):
        """SIGTERM, and SIGKILL if that does not help; returns the exit status."""
        if not self.running():
            return None if self.child is None else self.child.returncode
        self.child.terminate()
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.argv[0]} outlived SIGTERM by {timeout} s") from None

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()
