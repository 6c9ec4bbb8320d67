"""go-ethereum v1.12.2, the last whose conformance tests are for a chain with proof of work.

scripts/test installs it outside the tree and names the folder in P2PNODE_TEST_PEERS.
"""

import subprocess

import jsonrpc
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


class Geth(Process):
    """A geth on loopback that nobody tells about other nodes."""

    def __init__(self, folder, chain=None):
        folder.mkdir(parents=True)
        self.datadir = folder / "data"
        self.port = free_port()
        self.http_port = free_port()
        self._prepare("init", GENESIS)
        if chain:
            self._prepare("import", chain)
        super().__init__(
            [
                GETH,
                f"--datadir={self.datadir}",
                f"--networkid={NETWORK_ID}",
                "--nodiscover",
                "--nat=none",
                "--bootnodes=",
                f"--netrestrict={LOOPBACK}/8",
                f"--port={self.port}",
                "--syncmode=full",
                "--ipcdisable",
                f"--authrpc.port={free_port()}",
                "--http",
                f"--http.addr={LOOPBACK}",
                f"--http.port={self.http_port}",
                "--http.api=eth,net,admin,txpool",
            ],
            folder / "log",
        )

    def _prepare(self, *command):
        subprocess.run(
            [GETH, f"--datadir={self.datadir}", *command],
            capture_output=True,
            timeout=60 * TIME_FACTOR,
            check=True,
        )

    def rpc(self, method, *parameters):
        url = f"http://{LOOPBACK}:{self.http_port}/"
        return jsonrpc.call(url, method, *parameters, version="2.0")

    def start(self, **popen):
        self.launch(**popen)
        wait_until("geth answers", self._answers, timeout=60)
        return self

    def _answers(self):
        try:
            return self.rpc("net_version") is not None
        except OSError:
            return False

    def enode(self):
        return f"{self.rpc('admin_nodeInfo')['enode'].partition('@')[0]}@{LOOPBACK}:{self.port}"

    def height(self):
        return int(self.rpc("eth_blockNumber"), 16)
