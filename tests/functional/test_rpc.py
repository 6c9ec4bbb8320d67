"""The JSON-RPC interface: bitcoind's names and shapes, and what the calls do."""

import base64
import json
import stat
import struct
import time
import urllib.error
import urllib.request

import pytest

import jsonrpc
import wire
from bitcoin_p2p import Closed, Connection
from process import LOOPBACK, free_port
from rpc_shapes import CHAIN, HEADER, NETWORK, PEER, PEER_OPTIONAL, assert_shape
from waiting import wait_until

@pytest.fixture
def pair(make_node):
    """Two nodes; the second has dialled the first."""
    first = make_node().start()
    second = make_node(f"--connect={LOOPBACK}:{first.port}").start()
    first.wait_for_peers(1)
    second.wait_for_peers(1)
    return first, second


def test_peers_are_shown_in_bitcoinds_shape_from_both_ends(pair):
    first, second = pair
    wait_until("a ping", lambda: "pingtime" in first.call("getpeerinfo")[0], 10)
    (inbound,), (outbound,) = first.call("getpeerinfo"), second.call("getpeerinfo")
    for peer in inbound, outbound:
        assert_shape(peer, PEER, PEER_OPTIONAL)
        assert peer["network"] == "not_publicly_routable"
        assert peer["subver"].startswith("/p2pnode:")
        assert abs(time.time() - peer["conntime"]) < 60
        assert peer["bytessent"] > 0 < peer["bytesrecv"]
    assert (inbound["inbound"], inbound["connection_type"]) == (True, "inbound")
    assert (outbound["inbound"], outbound["connection_type"]) == (False, "manual")
    assert outbound["addr"] == f"{LOOPBACK}:{first.port}"
    assert inbound["addr"].startswith(f"{LOOPBACK}:")


def test_totals_and_counts_agree_with_the_metrics(pair):
    first, _ = pair
    assert first.call("getconnectioncount") == 1
    totals = first.call("getnettotals")
    assert totals["totalbytesrecv"] > 0 < totals["totalbytessent"]
    assert abs(time.time() * 1000 - totals["timemillis"]) < 60000
    received = first.metrics().total("p2pnode_message_bytes_total", direction="in")
    assert totals["totalbytesrecv"] <= received
    network = first.call("getnetworkinfo")
    assert_shape(network, NETWORK)
    assert (network["connections_in"], network["connections_out"]) == (1, 0)
    assert [n["name"] for n in network["networks"]] == ["ipv4", "ipv6", "onion", "i2p", "cjdns"]


def test_ping_measures_again(pair):
    first, _ = pair
    wait_until("the first pong", lambda: first.messages("in", "pong") == 1, 10)
    assert first.call("ping") is None
    wait_until("the second pong", lambda: first.messages("in", "pong") == 2, 10)


def test_disconnectnode_parts_by_number_and_by_address(pair):
    first, second = pair
    (peer,) = first.call("getpeerinfo")
    with pytest.raises(RuntimeError, match="Node not found in connected nodes"):
        first.call("disconnectnode", "", peer["id"] + 1000)
    first.call("disconnectnode", "", peer["id"])
    wait_until("the peer is gone", lambda: first.disconnects(reason="operator") == 1, 10)
    second.call("stop")
    assert second.wait(15) == 0


def test_bans_keep_out_until_they_are_lifted(make_node):
    node = make_node().start()
    with Connection.to(node.port) as peer:
        peer.handshake()
        node.wait_for_peers(1)
        node.call("setban", "127.0.0.0/8", "add", 1000)
        node.wait_for_peers(0)
    (ban,) = node.call("listbanned")
    assert (ban["address"], ban["ban_duration"]) == ("127.0.0.0/8", 1000)
    assert 900 < ban["time_remaining"] <= 1000
    with pytest.raises(RuntimeError, match="-23.*already banned"):
        node.call("setban", "127.0.0.0/8", "add", 500)
    with pytest.raises(RuntimeError, match="-30.*Invalid IP/Subnet"):
        node.call("setban", "127.0.0.0/33", "add")
    with Connection.to(node.port) as peer, pytest.raises(Closed):
        peer.handshake()
    assert node.metrics().total("p2pnode_connections_refused_total", reason="banned") == 1
    node.call("setban", "127.0.0.0/8", "remove")
    assert node.call("listbanned") == []
    with Connection.to(node.port) as peer:
        peer.handshake()


def test_addresses_enter_the_book_and_come_out_again(make_node):
    node = make_node().start()
    assert node.call("addpeeraddress", "1.2.3.4", 8333) == {"success": True}
    again = node.call("addpeeraddress", "1.2.3.4", 8333)
    assert again == {"success": False, "error": "failed-adding-to-new"}
    assert len(node.call("getnodeaddresses")) == 1
    assert node.call("addpeeraddress", "2a01::1", 8333, True) == {"success": True}
    info = node.call("getaddrmaninfo")
    assert info["all_networks"] == {"new": 1, "tried": 1, "total": 2}
    assert info["ipv4"] == {"new": 1, "tried": 0, "total": 1}
    addresses = {a["address"]: a for a in node.call("getnodeaddresses", 0)}
    assert set(addresses) == {"1.2.3.4", "2a01::1"}
    assert addresses["1.2.3.4"]["port"] == 8333
    assert addresses["2a01::1"]["network"] == "ipv6"
    assert [a["address"] for a in node.call("getnodeaddresses", 0, "ipv6")] == ["2a01::1"]
    with pytest.raises(RuntimeError, match="-8.*Network not recognized"):
        node.call("getnodeaddresses", 1, "carrier-pigeon")


def test_the_node_tells_of_itself(make_node):
    node = make_node().start()
    text = node.call("help")
    assert "== control ==" in text and "setban subnet command" in text
    assert "Ban an address or subnet" in node.call("help", "setban")
    assert 0 <= node.call("uptime") < 600
    categories = node.call("logging")
    assert set(categories.values()) == {True} and {"bitcoin", "peer", "dial"} <= set(categories)
    assert node.call("logging", [], ["all"]) == dict.fromkeys(categories, False)
    assert node.call("logging", ["peer"]) == {**dict.fromkeys(categories, False), "peer": True}
    with pytest.raises(RuntimeError, match="-8.*unknown logging category carrier"):
        node.call("logging", ["carrier"])
    assert node.metrics().total("p2pnode_rpc_calls_total", method="uptime", code="0") == 1


def test_the_cookie_is_private_and_goes_with_the_node(make_node):
    node = make_node().start()
    cookie = node.datadir / ".cookie"
    assert stat.S_IMODE(cookie.stat().st_mode) == 0o600
    first = cookie.read_text(encoding="ascii")
    assert node.call("stop") == "p2pnode stopping"
    assert node.wait(15) == 0
    assert not cookie.exists()
    node.start()
    assert cookie.read_text(encoding="ascii") != first


def test_a_user_and_password_of_the_configuration_work_too(make_node):
    node = make_node("--api-user=op", "--api-password=pass word").start()
    url = f"http://{LOOPBACK}:{node.api_port}/"
    assert jsonrpc.call(url, "uptime", user="op", password="pass word") >= 0
    with pytest.raises(RuntimeError, match="send the cookie"):
        jsonrpc.call(url, "uptime", user="op", password="pass")


def test_without_a_place_for_the_cookie_nothing_starts(make_node):
    node = make_node("--api-cookie-file=/dev/null/x")
    node.launch()
    assert node.wait(15) != 0
    assert "cannot write /dev/null/x" in node.log()


def test_the_chain_is_shown_in_bitcoinds_shape(make_node):
    node = make_node("--generate=0.05").start()
    wait_until("some blocks", lambda: node.call("getblockcount") >= 5, 20)
    info = node.call("getblockchaininfo")
    assert_shape(info, CHAIN, {"prune_target_size": int})
    assert info["chain"] == "regtest" and info["headers"] >= 5
    genesis = node.call("getblockheader", node.call("getblockhash", 0))
    assert_shape(genesis, HEADER, {"nextblockhash": str})
    assert genesis["hash"] == wire.GENESIS_HASH[::-1].hex()
    assert (genesis["nonce"], genesis["bits"]) == (2, "207fffff")
    assert genesis["target"] == "7fffff" + 58 * "0"
    assert genesis["chainwork"] == 63 * "0" + "2"
    assert genesis["difficulty"] == pytest.approx(4.656542373906925e-10)
    second = node.call("getblockheader", node.call("getblockhash", 2))
    assert_shape(second, HEADER, {"nextblockhash": str, "previousblockhash": str})
    first = node.call("getblockhash", 1)
    assert (second["previousblockhash"], genesis["nextblockhash"]) == (first, first)
    raw = bytes.fromhex(node.call("getblockheader", first, False))
    assert wire.sha256d(raw)[::-1].hex() == first
    assert raw[4:36] == wire.GENESIS_HASH
    with pytest.raises(RuntimeError, match="-8.*Block height out of range"):
        node.call("getblockhash", 10**6)
    with pytest.raises(RuntimeError, match="-5.*Block not found"):
        node.call("getblockheader", 64 * "1")


def test_events_reach_a_client_and_a_file(make_node, tmp_path):
    log = tmp_path / "events"
    node = make_node(f"--event-log={log}").start()
    url = f"http://{LOOPBACK}:{node.api_port}/events?topics=banned"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(url, timeout=10)
    token = base64.b64encode((node.datadir / ".cookie").read_bytes()).decode()
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=10) as stream:
        assert stream.readline() == b":\n"
        node.call("setban", "1.2.3.4", "add")
        lines = [stream.readline().decode() for _ in range(3)]
    event = json.loads(lines[2].removeprefix("data: "))
    assert event["event"] == "banned"
    assert (event["subject"], event["reason"]) == ("1.2.3.4/32", "operator")
    wait_until("the line", lambda: "banned" in log.read_text(encoding="ascii"), 10)
    assert all(json.loads(line)["event"] for line in log.read_text(encoding="ascii").splitlines())


def test_an_address_that_is_kept_out_has_its_reason(make_node):
    node = make_node().start()
    node.call("setban", "1.2.3.4", "add")
    banned = node.call("explain", "1.2.3.4")["now"]
    assert (banned["may_be_dialled"], banned["in_address_book"]) == (False, False)
    outside = node.call("explain", "8.8.8.8:8333")["now"]
    assert outside["because"] == "address outside the permitted networks"


def test_handshakes_of_both_directions_are_counted_apart(make_node):
    node = make_node().start()
    other = make_node(f"--connect={LOOPBACK}:{node.port}").start()
    node.wait_for_peers(1)
    other.wait_for_peers(1)

    def handshaken(of):
        funnel = of.call("explain")["funnel"]
        return funnel["handshaken_outbound"], funnel["handshaken_inbound"]

    assert handshaken(node) == (0, 1)
    assert handshaken(other) == (1, 0)


def test_a_node_without_peers_says_where_the_way_ends(make_node):
    closed = free_port()
    node = make_node(f"--connect={LOOPBACK}:{closed}").start()
    wait_until("a failure", lambda: node.call("explain")["funnel"]["failed"] > 0, 20)
    why = node.call("explain")
    funnel = why["funnel"]
    assert (why["peers"], funnel["handshaken_outbound"], funnel["handshaken_inbound"]) == (0, 0, 0)
    assert "Every connection failed" in why["advice"]
    failures = [r for r in why["reasons"] if r["event"] == "failed"]
    assert failures[0]["reason"] == "refused" and failures[0]["count"] > 0
    history = node.call("explain", f"{LOOPBACK}:{closed}")["history"]
    assert {"dialled", "failed"} <= {record["event"] for record in history}
    assert node.call("journal", 1, "failed")[0]["subject"] == f"{LOOPBACK}:{closed}"


def test_a_kept_block_is_shown_as_bytes_as_object_and_taken_apart(make_node):
    node = make_node("--generate=0.05").start()
    wait_until("a block", lambda: node.call("getblockcount") >= 1, 20)
    name = node.call("getblockhash", 1)
    raw = bytes.fromhex(node.call("getblock", name, 0))
    assert wire.sha256d(raw[:80])[::-1].hex() == name
    block = node.call("getblock", name)
    assert (block["hash"], block["height"], block["nTx"]) == (name, 1, 1)
    assert block["size"] == len(raw)
    assert block["weight"] == 3 * block["strippedsize"] + block["size"]
    assert block["tx"] == [block["merkleroot"]]  # of one transaction the root is its id
    (coinbase,) = node.call("getblock", name, 2)["tx"]
    assert coinbase["txid"] == block["tx"][0] != coinbase["hash"]
    assert coinbase["vin"][0]["coinbase"].startswith("51")  # BIP34: height 1
    assert raw.hex().endswith(coinbase["hex"])
    assert coinbase["vout"][0]["value"] == 50
    with pytest.raises(RuntimeError, match="-5.*Block not found"):
        node.call("getblock", 64 * "2")


def test_a_transaction_of_the_operator_enters_the_pool(make_node):
    output = struct.pack("<q", 10000) + bytes([22, 0, 20]) + bytes(range(20))
    raw = b"".join([
        struct.pack("<iB", 2, 1), bytes(range(32)), struct.pack("<IBI", 0, 0, 0xFFFFFFFF),
        bytes([1]), output, struct.pack("<I", 0),
    ])
    txid = wire.sha256d(raw)[::-1].hex()
    node = make_node().start()
    assert node.call("getrawmempool") == []
    (verdict,) = node.call("testmempoolaccept", [raw.hex()])
    assert verdict == {"txid": txid, "wtxid": txid, "allowed": True, "vsize": len(raw)}
    assert node.call("getrawmempool") == []
    assert node.call("sendrawtransaction", raw.hex()) == txid
    assert node.call("getrawmempool") == [txid]
    entry = node.call("getrawmempool", True)[txid]
    assert (entry["weight"], entry["depends"], entry["unbroadcast"]) == (4 * len(raw), [], True)
    assert entry == node.call("getmempoolentry", txid)
    assert node.call("getrawmempool", False, True) == {"txids": [txid], "mempool_sequence": 2}
    with pytest.raises(RuntimeError, match="-8.*Verbose results cannot"):
        node.call("getrawmempool", True, True)
    spent = bytes.fromhex(txid)[::-1]
    child = raw.replace(bytes(range(32)), spent).replace(
        struct.pack("<q", 10000), struct.pack("<q", 9000)
    )
    child_id = node.call("sendrawtransaction", child.hex())
    entry = node.call("getmempoolentry", child_id)
    assert entry["depends"] == [txid]
    assert entry["fees"] == {"base": 0.00001}
    assert node.call("getrawmempool", False, True)["mempool_sequence"] == 3
    info = node.call("getmempoolinfo")
    assert (info["size"], info["unbroadcastcount"]) == (2, 2)
    dust = raw.replace(struct.pack("<q", 10000), struct.pack("<q", -1))
    (verdict,) = node.call("testmempoolaccept", [dust.hex()])
    assert verdict["reject-reason"] == "bad_value"
    with pytest.raises(RuntimeError, match="-26.*bad_value"):
        node.call("sendrawtransaction", dust.hex())
    with pytest.raises(RuntimeError, match="-22.*TX decode failed"):
        node.call("sendrawtransaction", raw.hex() + "00")
