"""p2pnode under test: a process on loopback ports, asked through its own HTTP interface."""

import os
import pathlib
import urllib.error
import urllib.request

import jsonrpc
import wire
from bitcoin_p2p import Connection
from metrics import Metrics
from process import LOOPBACK, Process, free_port
from waiting import wait_for_value, wait_until

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("P2PNODE", SOURCE / "p2pnode"))


def is_sanitized(program):
    """Whether a sanitizer is built in, whose shadow memory is resident and is not the program's."""
    if not program.exists():
        return False
    code = program.read_bytes()
    return b"__asan_init" in code or b"__tsan_init" in code


SANITIZED = is_sanitized(BINARY)


def clean_environment():
    """The environment without the settings of p2pnode that it may hold."""
    return {key: value for key, value in os.environ.items() if not key.startswith("P2PNODE")}


class Node(Process):
    """One p2pnode on regtest. It never gets an address outside 127.0.0.0/8 to dial or to accept."""

    def __init__(self, folder, *options, name="node", port=None, api_port=None):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.api_port = api_port or free_port()
        self.datadir = self.folder / "data"
        argv = [
            BINARY,
            "--bitcoin=regtest",
            f"--datadir={self.datadir}",
            f"--listen={LOOPBACK}:{self.port}",
            f"--api-listen={LOOPBACK}:{self.api_port}",
            "--log-level=debug",
        ]
        if not any(option.startswith("--netrestrict") for option in options):
            argv.append("--netrestrict=127.0.0.0/8")
        super().__init__([*argv, *options], self.folder / "log", clean_environment())

    def start(self, **popen):
        """Starts the process and waits until it answers over HTTP."""
        self.launch(**popen)
        wait_until("p2pnode answers /livez", self._alive, timeout=10)
        return self

    def _alive(self):
        assert self.running(), f"p2pnode ended with {self.child.returncode}:\n{self.log()[-2000:]}"
        return self.get("/livez")[0] == 200

    def get(self, path):
        """An HTTP GET: status, content type, body."""
        url = f"http://{LOOPBACK}:{self.api_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                return reply.status, reply.headers["Content-Type"], reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()

    def call(self, method, *parameters):
        """A JSON-RPC call with the cookie of this run."""
        user, password = (self.datadir / ".cookie").read_text(encoding="ascii").split(":")
        url = f"http://{LOOPBACK}:{self.api_port}/"
        return jsonrpc.call(url, method, *parameters, user=user, password=password)

    def metrics(self):
        return Metrics(self.get("/metrics")[2])

    def height(self):
        return int(self.metrics().total("p2pnode_headers_height"))

    def peers(self, **labels):
        return int(self.metrics().total("p2pnode_peers", **labels))

    def disconnects(self, **labels):
        return int(self.metrics().total("p2pnode_disconnects_total", **labels))

    def messages(self, direction, message):
        total = self.metrics().total(
            "p2pnode_messages_total", direction=direction, message=message
        )
        return int(total)

    def wait_for_height(self, height, timeout=10):
        wait_for_value("the height of p2pnode", self.height, height, timeout)

    def wait_for_peers(self, count, timeout=10, **labels):
        wait_for_value("the peers of p2pnode", lambda: self.peers(**labels), count, timeout)

    def resident_bytes(self):
        """The resident memory as the kernel counts it."""
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def best_hash(self, known=wire.GENESIS_HASH):
        """The hash of the best header as p2pnode serves it, found from a known ancestor."""
        with Connection.to(self.port) as connection:
            connection.handshake()
            while True:
                headers = connection.get_headers([known])
                if not headers:
                    return known
                known = wire.sha256d(headers[-1])
