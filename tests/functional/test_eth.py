"""The eth protocol beside go-ethereum: its conformance tests, its chain, its transactions."""

import pytest
from eth_peers import CHAIN, GENESIS, HALF_CHAIN, Geth, eth_test, missing
from rlpx_peers import enode_of, ethereum_options
from waiting import wait_for_value, wait_until

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

CHAIN_BLOCKS = 3000


def eth_options(*options):
    return ethereum_options(*options, network=GENESIS)


def head(node):
    return int(node.metrics().total("p2pnode_eth_head_number"))


def test_passes_the_conformance_tests_of_go_ethereum(make_node):
    node = make_node(*eth_options(f"--eth-import={HALF_CHAIN}")).start()
    passed, failed, said = eth_test(enode_of(node))
    assert not failed, said
    assert len(passed) == 16, said


def test_fetches_the_chain_of_geth(make_node, tmp_path, stack):
    """By itself from geth, and from there on to another p2pnode; both list each other."""
    geth = Geth(tmp_path / "geth", CHAIN)
    stack.callback(geth.stop)
    geth.start()
    node = make_node(*eth_options(f"--eth-static={geth.enode()}")).start()
    wait_for_value("the whole chain is here", lambda: head(node), CHAIN_BLOCKS, timeout=60)
    assert any(peer["name"].startswith("p2pnode/") for peer in geth.rpc("admin_peers"))
    assert any(peer["name"].startswith("Geth/") for peer in node.call("admin_peers"))
    behind = make_node(*eth_options(f"--eth-static={enode_of(node)}"), name="behind").start()
    wait_for_value("and behind it", lambda: head(behind), CHAIN_BLOCKS, timeout=60)


def test_keeps_its_chain_over_a_restart(make_node):
    node = make_node(*eth_options(f"--eth-import={CHAIN}")).start()
    assert head(node) == CHAIN_BLOCKS
    assert node.stop() == 0
    node.argv = [argument for argument in node.argv if not argument.startswith("--eth-import")]
    node.start()
    wait_for_value("the chain is there again", lambda: head(node), CHAIN_BLOCKS, timeout=10)


def test_refuses_a_peer_of_another_chain(make_node):
    """Another genesis block: both part, and stay apart."""
    node = make_node(*eth_options()).start()
    other = make_node(
        *ethereum_options(f"--eth-static={enode_of(node)}", network="mordor"), name="other"
    ).start()
    wait_until(
        "they part because of the network",
        lambda: other.disconnects(reason="wrong_network") + node.disconnects(reason="wrong_network")
        > 0,
        timeout=30,
    )
