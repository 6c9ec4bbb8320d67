"""Several p2pnode processes among themselves."""

import pathlib
import subprocess
import sys

from bitcoin_p2p import Connection
from node import BINARY, SOURCE, clean_environment
from process import LOOPBACK, free_port
from waiting import TIME_FACTOR, wait_until


def to(node):
    return f"--connect={LOOPBACK}:{node.port}"


def start_ring(make_node, *options):
    """Four nodes; the first makes blocks, the others are dialled in a ring."""
    first = make_node("--generate=0.25", *options)
    second = make_node(to(first), *options)
    third = make_node(to(second), *options)
    fourth = make_node(to(third), to(first), *options)
    nodes = [first, second, third, fourth]
    for node in nodes:
        node.start()
    return nodes


def wait_for_one_chain(nodes, above, timeout=20):
    """Waits until all nodes are at one height above that one; returns it."""

    def agreed():
        heights = {node.height() for node in nodes}
        return len(heights) == 1 and heights.pop()

    return wait_until(
        f"one height above {above}", lambda: (agreed() or 0) > above and agreed(), timeout
    )


def test_four_nodes_agree_on_a_growing_chain(make_node):
    nodes = start_ring(make_node)
    heights = [wait_for_one_chain(nodes, 0)]
    for _ in range(3):
        heights.append(wait_for_one_chain(nodes, heights[-1]))
    assert heights == sorted(set(heights))
    for node in nodes:
        node.wait_for_peers(2)
        assert node.disconnects() == 0


def test_blocks_reach_every_node_with_one_hash(make_node):
    nodes = start_ring(make_node)
    wait_for_one_chain(nodes, 5)
    assert nodes[0].stop() == 0  # no more blocks
    rest = nodes[1:]
    wait_for_one_chain(rest, 5)
    assert len({node.best_hash() for node in rest}) == 1


def first_block(node):
    """The hash at height 1."""
    with Connection.to(node.port) as connection:
        return connection.handshake().chain_hashes()[0]


def test_two_chains_made_apart_become_one(make_node):
    """Two nodes make blocks out of sight of each other; then the one with less work meets the other."""
    meeting = free_port()
    lower = make_node(f"--connect={LOOPBACK}:{meeting}", "--generate=0.2").start()
    wait_until("a chain of its own", lambda: lower.height() >= 3, 20)
    own = first_block(lower)
    higher = make_node("--generate=0.02", port=meeting).start()
    wait_until("the other chain is followed", lambda: first_block(lower) != own, 30)
    assert first_block(lower) == first_block(higher)
    assert lower.metrics().total("p2pnode_reorgs_total") >= 1
    assert lower.metrics().total("p2pnode_reorg_depth_blocks_sum") >= 3
    assert higher.height() > lower.metrics().total("p2pnode_reorg_depth_blocks_sum")


def test_a_node_that_returns_catches_up(make_node):
    nodes = start_ring(make_node, "--retry-interval=0.2", "--retry-max=1")
    height = wait_for_one_chain(nodes, 3)
    nodes[2].kill()
    wait_until("the others go on", lambda: nodes[0].height() > height + 3, 20)
    nodes[2].start()
    wait_for_one_chain(nodes, height + 3)


def test_quickstarts_network_runs_for_a_while_and_cleans_up(tmp_path):
    """scripts/mesh is what scripts/quickstart shows; it fails when the heights do not agree or grow."""
    result = subprocess.run(
        [sys.executable, SOURCE / "scripts" / "mesh", f"--binary={BINARY}", "--seconds=5"],
        env={**clean_environment(), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60 * TIME_FACTOR,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == [], "its folder is left behind"
    pids = [int(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("node")]
    assert len(set(pids)) == 4
    still = [pid for pid in set(pids) if pathlib.Path("/proc", str(pid)).exists()]
    assert still == [], f"processes left behind: {still}"
