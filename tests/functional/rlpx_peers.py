"""Ethereum nodes with encrypted connections on loopback: p2pnode, @ethereumjs/devp2p."""

import json
import re
import threading

import rlp
from discovery_peers import DPT_MODULES, HERE, DptNode, Talker, dpt_node, free_udp_port
from node import BINARY
from process import LOOPBACK, free_port
from waiting import wait_until

CROWD = BINARY.parent / "tests" / "ethereum" / "rlpx_crowd"
ENODE = re.compile(r"ethereum: on \S+ as (enode://\S+)")


def ethereum_options(*options, network="mainnet", port=None):
    """Options of a node with nobody to start from; its own enode URL is in its log."""
    return [
        f"--ethereum={network}",
        "--eth-bootnodes=",
        f"--eth-listen={LOOPBACK}:{port or free_udp_port()}",
        *options,
    ]


def enode_of(node):
    """The enode URL that a started p2pnode has given itself."""

    def found():
        match = ENODE.search(node.log())
        return match and match[1]

    return wait_until("p2pnode says who it is", found, timeout=10)


class EjsNode(Talker):
    """@ethereumjs/devp2p with eth/68, started as a library by eth_node.mjs."""

    GENESIS = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"
    missing = DptNode.missing

    def __init__(self, folder):
        self.port = free_port()
        argv = [dpt_node(), HERE / "eth_node.mjs", DPT_MODULES, self.port]
        super().__init__(argv, folder / f"ejs-{self.port}.log")
        self.events = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.key = self.await_event("listening", timeout=20)
        self.enode = f"enode://{self.key}@{LOOPBACK}:{self.port}"

    def _read(self):
        for line in self.child.stdout:
            self.events.append(json.loads(line))

    def all(self, name):
        return [event[name] for event in list(self.events) if name in event]

    def await_event(self, name, timeout=10):
        return wait_until(f"@ethereumjs/devp2p says {name}", lambda: self.all(name), timeout)[0]

    def await_message(self, code, timeout=10):
        def found():
            return [message[1] for message in self.all("message") if message[0] == code]

        return wait_until(f"a message with code {code}", found, timeout)

    def command(self, *words):
        self.tell(json.dumps(words))

    def connect(self, enode):
        key, _, place = enode.removeprefix("enode://").partition("@")
        host, port = place.partition("?")[0].split(":")
        self.command("connect", key, host, int(port))

    def send_status(self, total_difficulty="0400000000", best_hash=GENESIS):
        self.command("status", total_difficulty, best_hash)

    def send(self, code, item):
        self.command("raw", code, rlp.encode(item).hex())

    def send_bytes(self, code, payload):
        self.command("raw", code, payload.hex())


class Crowd(Talker):
    """Many nodes that only shake hands: tests/ethereum/rlpx_crowd."""

    def __init__(self, folder, enode, count, *options):
        super().__init__([CROWD, enode, count, *options], folder / "crowd.log")
        said = self.line()
        assert said == f"ready {count}", said or (folder / "crowd.log").read_text()
