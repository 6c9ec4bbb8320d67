"""go-ethereum v1.12.2, the last whose conformance tests are for a chain with proof of work.

scripts/test installs it outside the tree and names the folder in P2PNODE_TEST_PEERS.
"""

import itertools
import subprocess

import jsonrpc
import rlp
from foreign import PEERS
from process import LOOPBACK, Process, free_port
from waiting import TIME_FACTOR, wait_until

VERSION = "v1.12.2"
GETH = PEERS / "bin" / f"geth-{VERSION}"
DEVP2P = PEERS / "bin" / f"devp2p-{VERSION}"
CHAINS = PEERS / f"ethtest-{VERSION}"
GENESIS = CHAINS / "genesis.json"
CHAIN = CHAINS / "chain.rlp"  # 3,000 blocks
HALF_CHAIN = CHAINS / "halfchain.rlp"  # the first 999 of them
NETWORK_ID = 19763


def missing():
    """What of it is not installed; None when all is there."""
    for path in (GETH, DEVP2P, CHAIN):
        if not path.is_file():
            return f"{path} is missing; scripts/test installs it"
    return None


def first_blocks(count):
    """The chain's first blocks, each encoded."""
    return list(itertools.islice(rlp.items(CHAIN.read_bytes()), count))


def eth_test(enode):
    """The conformance tests: (number, name, whether it passed), and all that was said."""
    result = subprocess.run(
        [DEVP2P, "rlpx", "eth-test", "-tap", enode, CHAIN, GENESIS],
        capture_output=True,
        text=True,
        timeout=300 * TIME_FACTOR,
        check=False,
    )
    lines = [line.split() for line in result.stdout.splitlines()]
    passed = [words[2] for words in lines if words[:1] == ["ok"]]
    failed = [words[3] for words in lines if words[:2] == ["not", "ok"]]
    return passed, failed, result.stdout + result.stderr


class GethProcess(Process):
    """A geth on loopback that nobody tells about other nodes; a subclass says which."""

    program = None
    network_id = None

    def __init__(self, folder, genesis, options=(), chain=None):
        self.datadir = folder / "data"
        self.options = list(options)
        self._prepare("init", genesis)
        if chain:
            self._prepare("import", chain)
        super().__init__(self._command(), folder / "log")

    def _command(self):
        self.port, self.http_port, self.engine_port = free_port(), free_port(), free_port()
        return [
            str(self.program),
            f"--datadir={self.datadir}",
            f"--networkid={self.network_id}",
            "--nodiscover",
            "--nat=none",
            "--bootnodes=",
            f"--netrestrict={LOOPBACK}/8",
            f"--port={self.port}",
            "--syncmode=full",
            "--ipcdisable",
            f"--authrpc.addr={LOOPBACK}",
            f"--authrpc.port={self.engine_port}",
            "--http",
            f"--http.addr={LOOPBACK}",
            f"--http.port={self.http_port}",
            "--http.api=eth,net,admin,txpool",
            "--verbosity=4",
            *self.options,
        ]

    def _prepare(self, *command):
        subprocess.run(
            [self.program, f"--datadir={self.datadir}", *command],
            capture_output=True,
            timeout=60 * TIME_FACTOR,
            check=True,
        )

    def rpc(self, method, *parameters):
        url = f"http://{LOOPBACK}:{self.http_port}/"
        return jsonrpc.call(url, method, *parameters, version="2.0")

    def start(self, **popen):
        """Its ports were free when they were chosen: if they no longer are, it gets others."""
        self.launch(**popen)
        wait_until("geth answers", self._answers, timeout=60)
        return self

    def _answers(self):
        if not self.running():
            said = self.log()
            assert "address already in use" in said[-1000:], said[-4000:]
            self.argv = self._command()
            self.launch()
        try:
            return self.rpc("net_version") is not None
        except OSError:
            return False

    def enode(self):
        return f"{self.rpc('admin_nodeInfo')['enode'].partition('@')[0]}@{LOOPBACK}:{self.port}"

    def height(self):
        return int(self.rpc("eth_blockNumber"), 16)

    def knows_transaction(self, transaction_hash):
        return self.rpc("eth_getTransactionByHash", transaction_hash) is not None


class Geth(GethProcess):
    """The one with the test network of the conformance tests."""

    program = GETH
    network_id = NETWORK_ID

    def __init__(self, folder, chain=None, options=()):
        folder.mkdir(parents=True)
        super().__init__(folder, GENESIS, options, chain)
