"""Full nodes by other authors as peers on regtest: bcoin and btcd, behind one interface.

scripts/test installs them outside the tree and names the folder in P2PNODE_TEST_PEERS.
"""

import os
import pathlib
import re
import shutil

import jsonrpc
from process import LOOPBACK, Process, free_port
from waiting import wait_until

HERE = pathlib.Path(__file__).resolve().parent


def _cache_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "p2pnode-test"


PEERS = pathlib.Path(os.environ.get("P2PNODE_TEST_PEERS") or _cache_folder())


class ForeignNode(Process):
    """What the scenarios ask of a full node. Hashes are in display order, as JSON-RPC gives them."""

    name = None
    no_ping_time = None  # pingtime in the list of peers before the first pong

    def __init__(self, folder, only=None):
        """`only`: a port of this machine; the node dials that peer and no other."""
        self.only = only
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.rpc_port = free_port()
        super().__init__(self.command(), self.folder / "log")

    def command(self):
        raise NotImplementedError

    def rpc(self, method, *parameters):
        return jsonrpc.call(f"http://{LOOPBACK}:{self.rpc_port}/", method, *parameters)

    def start(self, **popen):
        self.launch(**popen)
        wait_until(f"{self.name} answers", lambda: self.height() >= 0, timeout=30)
        return self

    def generate(self, count):
        raise NotImplementedError

    def ping(self):
        """Makes the node ping its peers now."""
        self.rpc("ping")

    def height(self):
        return self.rpc("getblockcount")

    def best_hash(self):
        return self.rpc("getbestblockhash")

    def block_hash(self, height):
        return self.rpc("getblockhash", height)

    def copy_blocks(self, target, to_height=None):
        """Hands another node, which may not be connected, the blocks that it lacks up to a height."""
        for height in range(target.height() + 1, (to_height or self.height()) + 1):
            target.rpc("submitblock", self.rpc("getblock", self.block_hash(height), 0))

    def peers(self):
        return self.rpc("getpeerinfo")

    def known_addresses(self):
        """How many addresses of others it keeps, or some that it would tell."""
        raise NotImplementedError

    def dial(self, port):
        """Makes the node keep a connection to that port of this machine."""
        self.rpc("addnode", f"{LOOPBACK}:{port}", "add")

    def reorganise(self, depth, count):
        """Replaces the last depth blocks by count others."""
        self.rpc("invalidateblock", self.block_hash(self.height() - depth + 1))
        self.generate(count)


class Bcoin(ForeignNode):
    """bcoin, started as a library by bcoin_node.js, which keeps it on loopback."""

    name = "bcoin"
    modules = PEERS / "bcoin" / "node_modules"
    no_ping_time = -1
    address = "R9HC5WtHbpoa51NCUAz86XLCmGTbkf45NT"  # the hash of nobody's key: 20 zero bytes

    @classmethod
    def missing(cls):
        """Why the node cannot run here, or None."""
        if not shutil.which("node"):
            return "node is not installed"
        if not (cls.modules / "bcoin").is_dir():
            return f"bcoin is not in {cls.modules}; scripts/test installs it"
        return None

    def command(self):
        ports = (self.port, self.rpc_port)
        only = [f"{LOOPBACK}:{self.only}"] if self.only else []
        return ["node", HERE / "bcoin_node.js", self.modules, *ports, self.folder / "data", *only]

    def generate(self, count):
        return self.rpc("generatetoaddress", count, self.address)

    def known_addresses(self):
        # It has no call for them, but says how many it keeps each time that it is told of some.
        counts = re.findall(r"Received \d+ addrs \(hosts=(\d+),", self.log())
        return int(counts[-1]) if counts else 0


class Btcd(ForeignNode):
    """btcd with its own command line: no name is resolved, all listeners are on loopback."""

    name = "btcd"
    program = PEERS / "bin" / "btcd"
    no_ping_time = 0
    address = "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8"  # the hash of nobody's key: 20 zero bytes
    user, password = "functional", "test"

    @classmethod
    def missing(cls):
        """Why the node cannot run here, or None."""
        if not cls.program.is_file():
            return f"{cls.program} is missing; scripts/test installs it"
        return None

    def command(self):
        return [
            self.program,
            "--regtest",
            "--configfile=/dev/null",
            f"--datadir={self.folder / 'data'}",
            f"--logdir={self.folder / 'logs'}",
            f"--listen={LOOPBACK}:{self.port}",
            f"--rpclisten={LOOPBACK}:{self.rpc_port}",
            f"--rpcuser={self.user}",
            f"--rpcpass={self.password}",
            "--notls",
            "--nodnsseed",
            "--debuglevel=debug",
            f"--miningaddr={self.address}",
            *([f"--connect={LOOPBACK}:{self.only}"] if self.only else []),
        ]

    def rpc(self, method, *parameters):
        url = f"http://{LOOPBACK}:{self.rpc_port}/"
        return jsonrpc.call(url, method, *parameters, user=self.user, password=self.password)

    def generate(self, count):
        return self.rpc("generate", count)

    def known_addresses(self):
        # A sample of 23 %, like the answer to getaddr.
        return len(self.rpc("getnodeaddresses", 2500))
