"""Ethereum's methods: beside geth's answers about the same chain, and asked by geth's console."""

import json
import subprocess

import pytest

import jsonrpc
import rlp
from eth_peers import CHAIN, GENESIS, GETH, HALF_CHAIN, NETWORK_ID, Geth, first_blocks, missing
from process import LOOPBACK
from rlpx_peers import enode_of, ethereum_options
from waiting import wait_for_value, wait_until

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

BLOCKS = 999


@pytest.fixture
def node(make_node):
    options = ethereum_options(f"--eth-import={HALF_CHAIN}", network=GENESIS)
    return make_node(*options).start()


def same_where_both_have_it(ours, theirs, but=()):
    """Fields are equal, and none of theirs is missing here."""
    assert set(theirs) - set(ours) == set()
    for name in set(theirs) - set(but):
        assert ours[name] == theirs[name], name


def test_blocks_are_those_of_geth_field_by_field(node, tmp_path, stack):
    geth = Geth(tmp_path / "geth", HALF_CHAIN)
    stack.callback(geth.stop)
    geth.start()
    assert node.call("eth_blockNumber") == geth.rpc("eth_blockNumber") == hex(BLOCKS)
    assert node.call("eth_chainId") == geth.rpc("eth_chainId")
    assert node.call("net_version") == geth.rpc("net_version") == str(NETWORK_ID)
    assert node.call("net_listening") is True
    assert node.call("eth_syncing") is False
    with_transactions = 0
    for number in ["earliest", *map(hex, range(1, BLOCKS, 83)), "latest"]:
        for full in False, True:
            ours = node.call("eth_getBlockByNumber", number, full)
            theirs = geth.rpc("eth_getBlockByNumber", number, full)
            listed, expected = ours.pop("transactions"), theirs.pop("transactions")
            same_where_both_have_it(ours, theirs)
            assert len(listed) == len(expected)
            with_transactions += full and len(listed)
            for mine, other in zip(listed, expected):
                if full:
                    same_where_both_have_it(mine, other)
                else:
                    assert mine == other
        by_hash = node.call("eth_getBlockByHash", ours["hash"], True)
        assert by_hash["number"] == ours["number"]
        counted = node.call("eth_getBlockTransactionCountByHash", ours["hash"])
        assert counted == geth.rpc("eth_getBlockTransactionCountByHash", ours["hash"])
        assert counted == node.call("eth_getBlockTransactionCountByNumber", number)
    assert with_transactions > 0


def test_what_is_not_there_is_null_and_nonsense_is_refused(node):
    assert node.call("eth_getBlockByNumber", hex(10**6), False) is None
    assert node.call("eth_getBlockByNumber", "finalized", False) is None
    assert node.call("eth_getBlockByHash", "0x" + 64 * "1", False) is None
    for method, argument in (
        ("eth_getBlockByNumber", "7"),
        ("eth_getBlockByNumber", "0x"),
        ("eth_getBlockByNumber", "0x1g"),
        ("eth_getBlockByNumber", "0x" + 17 * "1"),
        ("eth_getBlockByHash", "0x12"),
        ("eth_sendRawTransaction", "abcd"),
        ("eth_sendRawTransaction", "0xabc"),
    ):
        with pytest.raises(RuntimeError, match="-32602.*invalid argument"):
            node.call(method, argument)
    for raw in "0x", "0x00", "0xc0", "0x02c0", "0x7f" + 40 * "00":
        with pytest.raises(RuntimeError, match="-32000"):
            node.call("eth_sendRawTransaction", raw)


def transactions(block):
    """Those of a block, each as it is encoded there."""
    return rlp.content(rlp.content(block)[1])


def test_a_transaction_goes_to_the_peers(make_node):
    first = make_node(*ethereum_options(network=GENESIS)).start()
    second = make_node(
        *ethereum_options(f"--eth-static={enode_of(first)}", network=GENESIS), name="second"
    ).start()
    wait_until("they are peers", lambda: first.call("net_peerCount") == "0x1", 30)
    raw = "0x" + next(t for block in first_blocks(200) for t in transactions(block)).hex()
    name = first.call("eth_sendRawTransaction", raw)
    assert len(name) == 66
    wait_for_value(
        "it arrives", lambda: second.metrics().total("p2pnode_eth_pooled_transactions"), 1, 30
    )
    with pytest.raises(RuntimeError, match="already known"):
        first.call("eth_sendRawTransaction", raw)
    with pytest.raises(RuntimeError, match="already known"):
        second.call("eth_sendRawTransaction", raw)


def test_trusted_nodes_come_and_go(make_node):
    first = make_node(*ethereum_options(network=GENESIS)).start()
    second = make_node(*ethereum_options(network=GENESIS), name="second").start()
    assert first.call("admin_addTrustedPeer", enode_of(second)) is True
    assert second.call("admin_addPeer", enode_of(first)) is True
    wait_for_value(
        "it is trusted",
        lambda: [peer["network"]["trusted"] for peer in first.call("admin_peers")],
        [True],
        30,
    )
    assert first.call("admin_removeTrustedPeer", enode_of(second)) is True
    with pytest.raises(RuntimeError, match="invalid enode"):
        first.call("admin_addTrustedPeer", "enode://00@127.0.0.1:1")


def attach(node, expression):
    """What geth's console makes of an expression; Go takes the credential from the address."""
    user, password = (node.datadir / ".cookie").read_text(encoding="ascii").split(":")
    url = f"http://{user}:{password}@{LOOPBACK}:{node.api_port}"
    done = subprocess.run(
        [GETH, "attach", "--exec", f"JSON.stringify({expression})", url],
        capture_output=True,
        text=True,
        timeout=120,
        env={"HOME": str(node.folder), "PATH": "/nonexistent"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(json.loads(done.stdout))


def test_the_console_of_geth_attaches(node, make_node):
    other = make_node(
        *ethereum_options(f"--eth-static={enode_of(node)}", network=GENESIS), name="other"
    ).start()
    wait_until("they are peers", lambda: node.call("net_peerCount") == "0x1", 30)
    asked = attach(
        node,
        "{peers: admin.peers, count: net.peerCount, number: eth.blockNumber, net: net.version,"
        " listening: net.listening, syncing: eth.syncing, client: web3.version.node,"
        " enode: admin.nodeInfo.enode, eth: admin.nodeInfo.protocols.eth,"
        " block: eth.getBlock(100), modules: Object.keys(web3.currentProvider ? rpc.modules : {})}",
    )
    assert asked["count"] == len(asked["peers"]) == 1
    assert asked["peers"][0]["name"].startswith("p2pnode/")
    assert asked["peers"][0]["enode"].partition("@")[0] == enode_of(other).partition("@")[0]
    assert asked["number"] == BLOCKS
    assert asked["net"] == str(NETWORK_ID)
    assert asked["listening"] is True and asked["syncing"] is False
    assert asked["client"].startswith("p2pnode/")
    assert asked["enode"].partition("@")[0] == enode_of(node).partition("@")[0]
    assert asked["eth"]["network"] == NETWORK_ID
    assert asked["block"]["number"] == 100
    assert asked["modules"] == ["admin", "eth", "net", "rpc", "web3"]


def test_version_two_of_json_rpc_is_spoken(node):
    user, password = (node.datadir / ".cookie").read_text(encoding="ascii").split(":")
    url = f"http://{LOOPBACK}:{node.api_port}/"
    said = jsonrpc.call(
        url, "web3_clientVersion", user=user, password=password, version="2.0"
    )
    assert said.startswith("p2pnode/")
