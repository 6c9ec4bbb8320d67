"""What all functional tests share: nodes that are stopped when their test ends."""

import contextlib
import signal

import pytest

from bitcoin_blocks import BlockServer
from foreign import Bcoin, Btcd
from node import BINARY, Node


def pytest_configure(config):
    if not BINARY.is_file():
        raise pytest.UsageError(f"no p2pnode at {BINARY}; build it, or name it in P2PNODE")


@pytest.fixture
def stack():
    """Closes what a test has opened, last first."""
    with contextlib.ExitStack() as opened:
        yield opened


def _end(node):
    """A node that still runs at the end of its test must stop cleanly, and have reported nothing."""
    if node.running():
        node.signal(signal.SIGCONT)
        status = node.stop()
        assert status == 0, f"status {status}:\n{node.log()[-4000:]}"
    if node.child is not None:
        assert "Sanitizer" not in node.log(), node.log()[-8000:]


@pytest.fixture
def make_node(tmp_path, stack):
    """Makes p2pnode processes; start() is the test's part."""

    def make(*options, **named):
        named.setdefault("name", f"node{len(made)}")
        node = Node(tmp_path, *options, **named)
        made.append(node)
        stack.callback(_end, node)
        return node

    made = []
    return make


@pytest.fixture
def node(make_node):
    """One running p2pnode with nobody to dial."""
    return make_node().start()


@pytest.fixture(params=[Bcoin, Btcd], ids=lambda kind: kind.name)
def foreign(request, tmp_path, stack):
    """A running full node by other authors, at height 0."""
    reason = request.param.missing()
    if reason:
        pytest.skip(reason)
    process = request.param(tmp_path)
    stack.callback(process.stop)
    return process.start()


@pytest.fixture
def bcoin_and_btcd(tmp_path, stack):
    """Both running at height 0, not connected."""
    nodes = []
    for kind in (Bcoin, Btcd):
        reason = kind.missing()
        if reason:
            pytest.skip(reason)
        process = kind(tmp_path)
        stack.callback(process.stop)
        nodes.append(process.start())
    return nodes


@pytest.fixture
def serve(stack):
    """Starts a test peer that serves the blocks of a chain; how: as BlockServer has it."""

    def start(chain, **how):
        return stack.enter_context(BlockServer(chain, **how))

    return start
