"""Discovery nodes as processes on loopback: ours, go-ethereum's devp2p tool, @ethereumjs/devp2p.

scripts/test installs the latter two outside the tree and names the folder in P2PNODE_TEST_PEERS.
"""

import json
import os
import pathlib
import shutil
import socket
import subprocess

from foreign import PEERS
from node import BINARY
from process import FIRST_PORT, LAST_PORT, LOOPBACK
from waiting import TIME_FACTOR, wait_until

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = pathlib.Path(
    os.environ.get("P2PNODE_DISCV4") or BINARY.parent / "tests" / "ethereum" / "discv4_node"
)
DEVP2P = PEERS / "bin" / "devp2p"
DPT_MODULES = PEERS / "ethereumjs" / "node_modules"
# Where the node at hand was too old for it, scripts/test has brought another.
DPT_NODE = PEERS / "ethereumjs" / "node"


def free_udp_port():
    """A UDP port that nobody on loopback uses; below those that Linux gives away."""
    for port in range(FIRST_PORT + os.getpid() % 5000, LAST_PORT):
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise AssertionError("no free UDP port")


class Talker:
    """A child that is told things by lines and answers by lines."""

    def __init__(self, argv, log_path):
        with open(log_path, "ab") as log:
            self.child = subprocess.Popen(
                [str(argument) for argument in argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def line(self):
        return self.child.stdout.readline().rstrip("\n")

    def tell(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()

    def ask(self, command):
        self.tell(command)
        return self.line()

    def stop(self):
        """Ends it by closing its input; returns the exit status."""
        if self.child.returncode is None:
            self.child.stdin.close()
            try:
                self.child.wait(10 * TIME_FACTOR)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
                raise AssertionError("the node did not end with its input") from None
            self.child.stdout.close()
        return self.child.returncode


class DiscoveryNode(Talker):
    """tests/ethereum/discv4_node."""

    def __init__(self, folder, *options, port=0):
        folder.mkdir(parents=True, exist_ok=True)
        self.log_path = folder / "log"
        super().__init__([PROGRAM, f"{LOOPBACK}:{port}", *options], self.log_path)
        self.enode = self.line()
        self.record = self.line()
        assert self.enode.startswith("enode://"), self.log_path.read_text()
        self.port = int(self.enode.replace("?discport=", ":").rpartition(":")[2])
        self.key = self.enode[len("enode://") :].partition("@")[0]

    def table(self):
        return int(self.ask("table"))

    def wait_for_table(self, count, timeout=20):
        wait_until(f"{count} nodes in the table", lambda: self.table() >= count, timeout)


def dpt_node():
    """The JavaScript interpreter for @ethereumjs/devp2p, or None."""
    return DPT_NODE if DPT_NODE.exists() else shutil.which("node")


class DptNode(Talker):
    """@ethereumjs/devp2p, started as a library by dpt_node.mjs, which keeps it on loopback."""

    def __init__(self, folder, bootnode):
        self.port = free_udp_port()
        start = [LOOPBACK, bootnode.port]
        argv = [dpt_node(), HERE / "dpt_node.mjs", DPT_MODULES, self.port, *start]
        super().__init__(argv, folder / f"dpt-{self.port}.log")
        self.errors = []
        self.key = self._until("listening")

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        if not dpt_node():
            return "node is not installed"
        said = subprocess.run([dpt_node(), "--version"], capture_output=True, text=True, check=True)
        version = [int(part) for part in said.stdout.strip().lstrip("v").split(".")[:2]]
        if version < [20, 19]:
            return f"@ethereumjs/devp2p needs node 20.19 (require of ES modules), here is {said.stdout.strip()}"
        if not (DPT_MODULES / "@ethereumjs" / "devp2p").is_dir():
            return f"@ethereumjs/devp2p is not in {DPT_MODULES}; scripts/test installs it"
        return None

    def _until(self, name):
        while True:
            event = json.loads(self.line())
            if name in event:
                return event[name]
            if "error" in event:
                self.errors.append(event["error"])

    def peers(self):
        self.tell("")
        return self._until("peers")


def devp2p(*arguments, timeout=60):
    """Runs go-ethereum's tool, with nobody but the given nodes to talk to; returns what it prints."""
    argv = [DEVP2P, *(str(argument) for argument in arguments)]
    result = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=timeout * TIME_FACTOR
    )
    return result.stdout + result.stderr


def own_listener(node):
    """Options for the commands that run a node of their own: without them it would start from the
    main network's bootnodes and listen on all addresses."""
    return ["-bootnodes", node.enode, "-addr", f"{LOOPBACK}:0"]
