"""go-ethereum v1.12.2 as a peer that takes from us: headers, bodies, transactions of other geths."""

import pytest
import rlp
from eth_accounts import SIGN, Account
from eth_peers import GENESIS, NETWORK_ID, Geth, first_blocks, missing
from rlpx_peers import enode_of, ethereum_options
from waiting import wait_for_value, wait_until

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    pytest.mark.skipif(not SIGN.is_file(), reason=f"{SIGN} is not built"),
]

KNOWN = 1000  # blocks that everybody has; in the next one is a transaction
CHALLENGE = 500
RECEIVER = "00000000000000000000000000000000000000aa"


def head(node):
    return int(node.metrics().total("p2pnode_eth_head_number"))


def hash_of_header(block):
    return Account().hash_of(rlp.content(block)[0].hex())


@pytest.fixture
def known(tmp_path):
    """A chain file."""
    path = tmp_path / "known.rlp"
    path.write_bytes(b"".join(first_blocks(KNOWN)))
    return path


@pytest.fixture
def geths(tmp_path, stack, known):
    """Two geths that hold these blocks, know nobody, and challenge whoever connects."""
    challenge = hash_of_header(first_blocks(CHALLENGE)[-1])
    options = [f"--eth.requiredblocks={CHALLENGE}={challenge}"]
    geths = [Geth(tmp_path / f"geth{i}", known, options) for i in range(2)]
    for geth in geths:
        stack.callback(geth.stop)
        geth.start()
        assert geth.height() == KNOWN
    return geths


@pytest.fixture
def between(make_node, geths, known):
    """A node that holds what they hold, connected to both."""
    enodes = ",".join(geth.enode() for geth in geths)
    network = [f"--eth-import={known}", f"--eth-static={enodes}"]
    node = make_node(*ethereum_options(*network, network=GENESIS)).start()
    node.wait_for_peers(2, timeout=60, network="ethereum")
    return node


def extend(make_node, node, tmp_path):
    """Another node brings one block more."""
    longer = tmp_path / "longer.rlp"
    longer.write_bytes(b"".join(first_blocks(KNOWN + 1)))
    options = [f"--eth-import={longer}", f"--eth-static={enode_of(node)}"]
    make_node(*ethereum_options(*options, network=GENESIS), name="ahead").start()
    wait_for_value("the next block", lambda: head(node), KNOWN + 1, timeout=60)


def test_geths_get_headers_bodies_and_transactions_through_us(
    make_node, geths, between, tmp_path
):
    for geth in geths:
        wait_until(
            "geth has the header of ours that it asked for",
            lambda geth=geth: "Peer required block verified" in geth.log(),
            timeout=60,
        )
    extend(make_node, between, tmp_path)
    for geth in geths:
        wait_for_value("the block that we announced", geth.height, KNOWN + 1, timeout=60)
    assert between.messages("in", "get_block_bodies") >= 2
    # Only now that it has had a block from somebody does geth take transactions from others.
    nonce = int(geths[0].rpc("eth_getTransactionCount", f"0x{Account().address}", "latest"), 16)
    faucet = Account(chain_id=NETWORK_ID, nonce=nonce)
    for giver, taker in [geths, geths[::-1]]:
        transaction = giver.rpc("eth_sendRawTransaction", faucet.legacy(RECEIVER, 1))
        wait_until(
            "the other geth knows the transaction",
            lambda taker=taker, transaction=transaction: taker.knows_transaction(transaction),
            timeout=60,
        )
    assert between.peers(network="ethereum") == 3
