"""Clients of the Electrum server: the real one as Debian packages it, and a plain socket."""

import json
import pathlib
import shutil
import socket
import ssl
import subprocess

from process import LOOPBACK, Process
from waiting import TIME_FACTOR, wait_until

PROGRAM = shutil.which("electrum") or "/usr/bin/electrum"


class RealClient(Process):
    """Debian's electrum as a daemon on regtest that knows one server and asks no other."""

    def __init__(self, folder, port, protocol):
        self.folder = pathlib.Path(folder) / f"electrum-{protocol}"
        self.folder.mkdir()
        argv = [PROGRAM, "--regtest", "-D", self.folder, "daemon"]
        argv += ["-s", f"{LOOPBACK}:{port}:{protocol}", "-1", "-v"]
        argv += ["--rpcsock", "tcp"]  # the path of a socket has little room, and folders are deep
        super().__init__(argv, self.folder / "log")

    @staticmethod
    def missing():
        """Why it cannot be tested, or None."""
        return None if pathlib.Path(PROGRAM).is_file() else "electrum is not installed"

    def command(self, *arguments):
        done = subprocess.run(
            [PROGRAM, "--regtest", "-D", str(self.folder), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60 * TIME_FACTOR,
            check=False,
        )
        return done.returncode, done.stdout.strip(), done.stderr

    def info(self):
        """What getinfo says, or {} while the daemon is not there."""
        status, said, _ = self.command("getinfo")
        return json.loads(said) if status == 0 and said.startswith("{") else {}

    def wait_for_height(self, height, timeout=120):
        """Each question starts a Python of its own, which takes its time on a busy machine."""

        def reached():
            info = self.info()
            heights = (info.get("server_height"), info.get("blockchain_height"))
            return info.get("connected") and heights == (height, height)

        try:
            wait_until(f"electrum is at height {height}", reached, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.info()}\n{self.log()[-3000:]}") from None


class LineClient:
    """One connection on which the test says what it likes."""

    def __init__(self, port, tls=False, source=None):
        self.socket = socket.create_connection(
            (LOOPBACK, port), timeout=10 * TIME_FACTOR, source_address=source
        )
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.file = self.socket.makefile("rwb")
        self.last_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, message):
        self.file.write(json.dumps(message).encode() + b"\n")
        self.file.flush()

    def receive(self):
        """The next message, or None at the end."""
        line = self.file.readline()
        return json.loads(line) if line else None

    def call(self, method, *params):
        """The result of one call; an error is an AssertionError."""
        self.last_id += 1
        self.send({"jsonrpc": "2.0", "method": method, "params": params, "id": self.last_id})
        answer = self.receive()
        assert answer and "error" not in answer, f"{method}: {answer}"
        return answer["result"]

    def join(self, version="1.4"):
        return self.call("server.version", "test", version)
