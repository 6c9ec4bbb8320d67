"""getblock of blocks that are not kept: fetched from peers while other calls go on."""

import base64
import concurrent.futures
import json
import urllib.request

import pytest
from bitcoin_blocks import BlockServer, chain_with_old_transactions
from foreign import Bcoin
from waiting import wait_until

OLD, BLOCKS = 5, 320  # the last 288 are kept
FAST = ("--retry-interval=0.2", "--retry-max=0.5")


@pytest.fixture(name="chain")
def make_chain():
    return chain_with_old_transactions(BLOCKS, OLD)


def wait_for_last_blocks(node):
    node.wait_for_height(BLOCKS, timeout=60)
    wait_until(
        "the last blocks are kept",
        lambda: node.metrics().total("p2pnode_blocks_kept") == 288,
        60,
    )


@pytest.fixture
def start(make_node, stack, chain):
    """Starts peers with these ways, and a node with its last blocks that knows no others."""

    def run(*ways):
        peers = [stack.enter_context(BlockServer(chain, **way)) for way in ways]
        connect = (f"--connect=127.0.0.1:{peer.port}" for peer in peers)
        node = make_node(*FAST, *connect).start()
        wait_for_last_blocks(node)
        return node, peers

    return run


def shown(block_hash):
    return block_hash[::-1].hex()


def refusal(node, *parameters):
    with pytest.raises(RuntimeError) as caught:
        node.call("getblock", *parameters)
    return str(caught.value)


def test_a_block_that_is_not_kept_is_fetched_in_every_form(start, chain):
    node, (peer,) = start({})
    old = chain.headers[OLD - 1].hash
    assert old not in peer.asked
    assert bytes.fromhex(node.call("getblock", shown(old), 0)) == chain.blocks[old]
    told = node.call("getblock", shown(old))
    assert told["tx"] == [shown(tx.txid) for tx in chain.transactions[old]]
    assert (told["height"], told["hash"]) == (OLD, shown(old))
    assert told["size"] == len(chain.blocks[old])
    whole = node.call("getblock", shown(old), 2)
    assert [bytes.fromhex(tx["hex"]) for tx in whole["tx"]] == [
        tx.raw for tx in chain.transactions[old]
    ]
    kept = node.call("getblock", node.call("getblockhash", BLOCKS))
    assert kept.keys() - told.keys() <= {"nextblockhash"}
    assert node.metrics().total("p2pnode_blocks_kept") == 288  # fetched, and not kept
    assert peer.asked.count(old) == 3


def test_other_calls_go_on_while_a_block_is_waited_for(start, chain):
    node, (peer,) = start({})
    old = [header.hash for header in chain.headers[:3]]
    peer.silent = True
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(old)) as pool:
        waiting = [pool.submit(refusal, node, shown(block_hash)) for block_hash in old]
        wait_until("the peer is asked", lambda: set(old) <= set(peer.asked), 60)
        for _ in range(20):
            assert node.call("getblockcount") == BLOCKS
        assert not any(call.done() for call in waiting)
        for call in waiting:
            assert "no peer sent it in time" in call.result(timeout=60)
    name = "p2pnode_http_request_duration_seconds_bucket"
    slow = node.metrics().total(name, handler="rpc", le="+Inf") - node.metrics().total(
        name, handler="rpc", le="5"
    )
    assert slow == len(old)
    peer.silent = False
    assert node.call("getblock", shown(old[0]))["height"] == 1  # a failure is not remembered


def test_who_lacks_it_gives_way_and_when_all_do_the_answer_says_so(start, chain):
    node, peers = start({}, {})
    old = chain.headers[OLD - 1].hash
    chain.blocks[old], kept = None, chain.blocks[old]
    assert "no peer sent it in time" in refusal(node, shown(old))
    assert all(old in peer.asked for peer in peers)
    chain.blocks[old] = kept
    assert bytes.fromhex(node.call("getblock", shown(old), 0)) == kept


def test_without_a_peer_that_serves_old_blocks_the_answer_comes_at_once(make_node, stack, chain):
    with BlockServer(chain) as peer:
        node = make_node(*FAST, f"--connect=127.0.0.1:{peer.port}").start()
        wait_for_last_blocks(node)
    wait_until("the peer is gone", lambda: node.call("getconnectioncount") == 0, 60)
    assert "no connected peer serves old blocks" in refusal(
        node, shown(chain.headers[OLD - 1].hash)
    )


def test_a_block_that_is_not_what_was_asked_for_costs_its_sender_the_connection(start, chain):
    old = chain.headers[OLD - 1].hash
    node, (peer,) = start({})
    peer.spoil = lambda raw: raw[:-5] + b"\1" + raw[-4:]
    assert "no " in refusal(node, shown(old))
    wait_until(
        "the peer is parted from",
        lambda: node.disconnects(network="bitcoin", reason="bad_merkle_root") == 1,
        60,
    )


def test_in_a_batch_a_block_is_not_waited_for(start, chain):
    node, (peer,) = start({})
    old = chain.headers[OLD - 1].hash
    calls = [
        {"id": 1, "method": "getblock", "params": [shown(old)]},
        {"id": 2, "method": "getblockcount", "params": []},
    ]
    cookie = (node.datadir / ".cookie").read_bytes()
    request = urllib.request.Request(
        f"http://127.0.0.1:{node.api_port}/",
        json.dumps(calls).encode(),
        {"Authorization": "Basic " + base64.b64encode(cookie).decode()},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        refused, counted = json.load(answer)
    assert "not in a batch" in refused["error"]["message"]
    assert counted["result"] == BLOCKS
    assert old not in peer.asked


def test_a_node_that_waits_for_a_block_ends_at_once(start, chain):
    node, (peer,) = start({})
    old = chain.headers[OLD - 1].hash
    peer.silent = True
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        waiting = pool.submit(refusal, node, shown(old))
        wait_until("the peer is asked", lambda: old in peer.asked, 60)
        assert node.stop() == 0
        waiting.exception(timeout=60)


def test_bcoin_sends_old_blocks(make_node, tmp_path, stack):
    reason = Bcoin.missing()
    if reason:
        pytest.skip(reason)
    bcoin = Bcoin(tmp_path / "bcoin")
    stack.callback(bcoin.stop)
    bcoin.start()
    bcoin.generate(BLOCKS)
    node = make_node(*FAST, f"--connect=127.0.0.1:{bcoin.port}").start()
    wait_for_last_blocks(node)
    for height in (0, 1, 30):
        block_hash = bcoin.block_hash(height)
        assert node.call("getblock", block_hash, 0) == bcoin.rpc("getblock", block_hash, 0)
        assert node.call("getblock", block_hash)["tx"] == bcoin.rpc("getblock", block_hash)["tx"]
