"""Command lines by other authors against p2pnode: what bitcoin-cli reads of an answer, and btcd's and
bcoin's programs themselves."""

import base64
import json
import re
import shutil
import subprocess
import urllib.request

import pytest

from foreign import PEERS
from process import LOOPBACK
from rpc_shapes import (
    ADDED_NODE,
    BAN,
    BLOCK,
    CHAIN,
    HEADER,
    KIND_OF_NETWORK,
    KNOWN_ADDRESS,
    LOCAL_ADDRESS,
    NEIGHBOURS,
    NETWORK,
    PEER,
    PEER_OPTIONAL,
    POOL,
    TIP,
    TOTALS,
    UPLOAD_TARGET,
    assert_shape,
)
from waiting import wait_until

BTCCTL = PEERS / "bin" / "btcctl"
BCOIN_CLI = PEERS / "bcoin" / "node_modules" / ".bin" / "bcoin-cli"


def credential(node):
    return (node.datadir / ".cookie").read_text(encoding="ascii").split(":")


def batch(node, *methods):
    """The answers to a batch as bitcoin-cli sends it, by the number of the request."""
    requests = [
        {"jsonrpc": "2.0", "method": method, "params": None, "id": number}
        for number, method in enumerate(methods)
    ]
    token = base64.b64encode(":".join(credential(node)).encode()).decode()
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{node.api_port}/",
        json.dumps(requests).encode(),
        {"Authorization": f"Basic {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        answers = {answer["id"]: answer for answer in json.load(reply)}
    return [answers[number] for number in range(len(methods))]


# --- what bitcoin-cli makes of answers (its src/bitcoin-cli.cpp) ---


def test_getinfo_finds_what_it_reads_and_no_wallet(make_node):
    node = make_node().start()
    network, chain, wallet, balances = batch(
        node, "getnetworkinfo", "getblockchaininfo", "getwalletinfo", "getbalances"
    )
    for name in "version", "timeoffset", "connections", "connections_in", "connections_out":
        assert isinstance(network["result"][name], int)
    for kind in network["result"]["networks"]:
        assert kind["name"] and isinstance(kind["proxy"], str)
        assert isinstance(kind["proxy_randomize_credentials"], bool)
    for name in "relayfee", "warnings":
        assert name in network["result"]
    for name in "blocks", "headers", "verificationprogress", "difficulty", "chain":
        assert name in chain["result"]
    # A method that is not there is how a node without a wallet is known.
    for answer in wallet, balances:
        assert answer["error"]["code"] == -32601 and "result" not in answer


def test_addrinfo_finds_a_total_for_each_network(make_node):
    node = make_node().start()
    node.call("addpeeraddress", "1.2.3.4", 8333)
    (answer,) = batch(node, "getaddrmaninfo")
    totals = {name: counts["total"] for name, counts in answer["result"].items()}
    assert totals == {"ipv4": 1, "ipv6": 0, "onion": 0, "i2p": 0, "cjdns": 0, "all_networks": 1}


def netinfo_line(peer, now):
    """A line of -netinfo 4, by strict conversions: what is missing or of another type fails."""
    read = {name: peer[name] for name in ("id", "version", "conntime", "last_block", "lastrecv")}
    read |= {name: peer[name] for name in ("lastsend", "last_transaction", "addr_processed")}
    read |= {"addr_rate_limited": peer["addr_rate_limited"]}
    assert all(type(value) is int for value in read.values()), read
    for name in "inbound", "relaytxes", "addr_relay_enabled", "bip152_hb_from", "bip152_hb_to":
        assert type(peer[name]) is bool, name
    for name in "minping", "pingtime":
        assert name not in peer or peer[name] >= 0
    services = "".join(name[0].lower() for name in peer["servicesnames"])
    direction = "in" if peer["inbound"] else "out"
    age = (now - peer["conntime"]) // 60
    return f"{direction} {peer['connection_type']} {peer['network']} {services} {age} {peer['addr']}"


def test_netinfo_finds_every_column(make_node):
    first = make_node().start()
    second = make_node(f"--connect={LOOPBACK}:{first.port}").start()
    first.wait_for_peers(1)
    second.wait_for_peers(1)
    for node in first, second:
        peers, network = batch(node, "getpeerinfo", "getnetworkinfo")
        assert network["result"]["version"] >= 209900  # below it gives up
        now = network["result"]["timeoffset"] + node.call("getnettotals")["timemillis"] // 1000
        (line,) = [netinfo_line(peer, now) for peer in peers["result"]]
        assert re.match(r"(in inbound|out manual) not_publicly_routable [a-z]* \d+ 127\.0\.0\.1:", line)
        assert isinstance(network["result"]["protocolversion"], int)


# --- shapes, field by field ---


@pytest.fixture
def busy(make_node):
    """Two nodes on one chain with everything that there is to show; the second is asked."""
    first = make_node().start()
    node = make_node(f"--connect={LOOPBACK}:{first.port}").start()
    node.wait_for_peers(1)
    node.call("generate", 3)
    node.call("addpeeraddress", "1.2.3.4", 8333)
    node.call("setban", "192.0.2.0/24", "add")
    wait_until("a ping", lambda: "pingtime" in node.call("getpeerinfo")[0], 20)
    first.wait_for_height(3)
    return node


def test_every_answer_has_the_documented_fields(busy):
    call = busy.call
    (peer,) = call("getpeerinfo")
    assert_shape(peer, PEER, PEER_OPTIONAL)
    network = call("getnetworkinfo")
    assert_shape(network, NETWORK)
    for kind in network["networks"]:
        assert_shape(kind, KIND_OF_NETWORK)
    for address in network["localaddresses"]:
        assert_shape(address, LOCAL_ADDRESS)
    assert_shape(call("getblockchaininfo"), CHAIN, {"prune_target_size": int})
    best = call("getbestblockhash")
    assert_shape(call("getblockheader", best), HEADER, NEIGHBOURS)
    assert_shape(call("getblock", best), BLOCK, NEIGHBOURS)
    totals = call("getnettotals")
    assert_shape(totals, TOTALS)
    assert_shape(totals["uploadtarget"], UPLOAD_TARGET)
    (added,) = call("getaddednodeinfo")
    assert_shape(added, ADDED_NODE)
    (ban,) = call("listbanned")
    assert_shape(ban, BAN, {"ban_reason": str})
    for address in call("getnodeaddresses", 0):
        assert_shape(address, KNOWN_ADDRESS)
    for tip in call("getchaintips"):
        assert_shape(tip, TIP)
    assert_shape(call("getmempoolinfo"), POOL)
    info = call("getrpcinfo")
    assert_shape(info, {"active_commands": list, "logpath": str})
    (command,) = info["active_commands"]
    assert_shape(command, {"method": str, "duration": int})
    assert command["method"] == "getrpcinfo"
    for name, kind in {
        "getblockcount": int,
        "getbestblockhash": str,
        "getconnectioncount": int,
        "getdifficulty": (int, float),
        "getrawmempool": list,
        "uptime": int,
        "logging": dict,
        "help": str,
    }.items():
        assert isinstance(call(name), kind), name


def test_what_passed_between_peers_is_counted_by_message(busy):
    (peer,) = busy.call("getpeerinfo")
    for name in "bytessent_per_msg", "bytesrecv_per_msg":
        assert peer[name]["version"] > 100 and peer[name]["verack"] == 24
    assert 0 < sum(peer["bytessent_per_msg"].values()) <= peer["bytessent"]
    # Bytes of a message that has not come whole are not any message's yet.
    assert sum(peer["bytesrecv_per_msg"].values()) <= peer["bytesrecv"]


def test_an_added_node_is_shown_as_connected_while_it_is(make_node):
    first = make_node().start()
    second = make_node().start()
    second.call("addnode", f"{LOOPBACK}:{first.port}", "add")

    def connected():
        (node,) = second.call("getaddednodeinfo")
        return node["connected"] and node["addresses"]

    wait_until("the connection", connected, 20)
    assert connected() == [{"address": f"{LOOPBACK}:{first.port}", "connected": "outbound"}]
    assert len(second.call("getaddednodeinfo", f"{LOOPBACK}:{first.port}")) == 1
    with pytest.raises(RuntimeError, match="-24.*has not been added"):
        second.call("getaddednodeinfo", "192.0.2.1:8333")
    assert first.stop() == 0
    wait_until("the end of it", lambda: not connected(), 20)


# --- what the calls do ---


def test_blocks_are_made_at_the_operators_word(make_node):
    node = make_node().start()
    hashes = node.call("generate", 5)
    assert len(hashes) == len(set(hashes)) == 5
    assert node.call("getblockcount") == 5
    assert node.call("getblockhash", 5) == hashes[-1] == node.call("getbestblockhash")
    (paid,) = node.call("generatetodescriptor", 1, "raw(0014" + 20 * "ab" + ")#checksum")
    (coinbase,) = node.call("getblock", paid, 2)["tx"]
    assert coinbase["vout"][0]["scriptPubKey"]["hex"] == "0014" + 20 * "ab"
    with pytest.raises(RuntimeError, match="-5.*not raw"):
        node.call("generatetodescriptor", 1, "addr(mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8)")
    address = "2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br"
    first, second = node.call("generatetoaddress", 2, address)
    assert node.call("getbestblockhash") == second
    (coinbase,) = node.call("getblock", first, 2)["tx"]
    to_script_hash = "a9146349a418fc4578d10a372b54b45c280cc8c4382f87"
    assert coinbase["vout"][0]["scriptPubKey"]["hex"] == to_script_hash
    for wrong in (address[:-1] + "s", "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i", ""):
        with pytest.raises(RuntimeError, match="-5.*Invalid address"):
            node.call("generatetoaddress", 1, wrong)
    with pytest.raises(RuntimeError, match="-8.*between"):
        node.call("generate", -1)
    assert node.call("getblockchaininfo")["pruneheight"] == 1


def test_the_ends_of_branches_are_listed(make_node):
    first, second = make_node().start(), make_node().start()
    (loser,) = second.call("generate", 1)
    winners = first.call("generate", 2)
    second.call("addnode", f"{LOOPBACK}:{first.port}", "add")
    wait_until("the better chain", lambda: second.call("getbestblockhash") == winners[-1], 30)
    tips = second.call("getchaintips")
    assert tips == [
        {"height": 2, "hash": winners[-1], "branchlen": 0, "status": "active"},
        {"height": 1, "hash": loser, "branchlen": 1, "status": "valid-headers"},
    ]


def test_a_network_that_is_switched_off_has_no_peers_until_it_is_on_again(make_node):
    first = make_node().start()
    second = make_node(f"--connect={LOOPBACK}:{first.port}").start()
    third = make_node(f"--connect={LOOPBACK}:{second.port}").start()
    second.wait_for_peers(2)
    assert second.call("setnetworkactive", False) is False
    second.wait_for_peers(0)
    assert second.call("getnetworkinfo")["networkactive"] is False
    # The third comes again and is refused, the second dials nobody.

    def refused():
        return second.metrics().total("p2pnode_connections_refused_total", reason="paused")

    wait_until("a refusal", lambda: refused() > 0, 30)
    assert second.peers() == 0
    assert second.disconnects(reason="paused") == 2
    assert second.call("setnetworkactive", True) is True
    second.wait_for_peers(2, timeout=60)
    assert second.call("getnetworkinfo")["networkactive"] is True
    assert third.running()


# --- the programs of others ---


def btcctl(node, *words):
    user, password = credential(node)
    done = subprocess.run(
        [
            BTCCTL,
            "--configfile=/dev/null",
            "--notls",
            f"--rpcserver={LOOPBACK}:{node.api_port}",
            f"--rpcuser={user}",
            f"--rpcpass={password}",
            *words,
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.mark.skipif(not BTCCTL.is_file(), reason=f"{BTCCTL} is missing; scripts/test installs it")
def test_btcctl_reads_and_drives_the_node(busy):
    node = busy
    best = node.call("getbestblockhash")
    assert btcctl(node, "getblockcount") == (0, "3", "")
    assert btcctl(node, "getbestblockhash") == (0, best, "")
    assert btcctl(node, "getblockhash", "3") == (0, best, "")
    assert btcctl(node, "getconnectioncount") == (0, "1", "")
    for words, shape in (
        (("getblockheader", best), HEADER | {"previousblockhash": str}),
        (("getblock", best), BLOCK | {"previousblockhash": str}),
        (("getnetworkinfo",), NETWORK),
        (("getmempoolinfo",), POOL),
        (("getnettotals",), TOTALS),
    ):
        status, out, _ = btcctl(node, *words)
        assert status == 0
        assert_shape(json.loads(out), shape)
    (peer,) = json.loads(btcctl(node, "getpeerinfo")[1])
    assert_shape(peer, PEER, PEER_OPTIONAL)
    assert len(json.loads(btcctl(node, "getchaintips")[1])) == 1
    assert json.loads(btcctl(node, "getrawmempool")[1] or "[]") == []
    assert [a["address"] for a in json.loads(btcctl(node, "getnodeaddresses", "1")[1])] == ["1.2.3.4"]
    assert len(json.loads(btcctl(node, "generate", "2")[1])) == 2
    assert btcctl(node, "getblockcount")[1] == "5"
    assert btcctl(node, "addnode", f"{LOOPBACK}:1", "add") == (0, "", "")
    assert f"{LOOPBACK}:1" in [n["addednode"] for n in node.call("getaddednodeinfo")]
    assert btcctl(node, "ping") == (0, "", "")
    status, _, err = btcctl(node, "addnode", f"{LOOPBACK}:1", "add")
    assert status == 1 and "Error: Node already added" in err
    status, _, err = btcctl(node, "getblockhash", "1000")
    assert status == 1 and "Block height out of range" in err
    assert btcctl(node, "stop") == (0, "p2pnode stopping", "")
    assert node.wait(15) == 0


def bcoin_cli(node, *words):
    user, password = credential(node)
    # It has no user of its own, so the pair goes into the address.
    url = f"http://{user}:{password}@{LOOPBACK}:{node.api_port}/"
    return subprocess.run(
        [BCOIN_CLI, f"--url={url}", f"--api-key={password}", *words],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.skipif(
    not (shutil.which("node") and BCOIN_CLI.exists()),
    reason=f"node or {BCOIN_CLI} is missing; scripts/test installs it",
)
def test_bcoin_cli_reads_and_drives_the_node(busy):
    node = busy
    best = node.call("getbestblockhash")

    def rpc(*words):
        done = bcoin_cli(node, "rpc", *words)
        assert done.returncode == 0, done.stderr
        text = done.stdout.strip()
        return text if re.fullmatch("[0-9a-f]{64}", text) else json.loads(text)

    assert rpc("getblockcount") == 3
    assert rpc("getbestblockhash") == best
    assert_shape(rpc("getblockheader", best, "true"), HEADER, NEIGHBOURS)
    assert_shape(rpc("getnetworkinfo"), NETWORK)
    assert_shape(rpc("getmempoolinfo"), POOL)
    (peer,) = rpc("getpeerinfo")
    assert_shape(peer, PEER, PEER_OPTIONAL)
    assert len(rpc("generate", "1")) == 1
    assert rpc("getblockcount") == 4
    assert rpc("setban", "198.51.100.7", "add") is None
    assert {ban["address"] for ban in rpc("listbanned")} == {"192.0.2.0/24", "198.51.100.7/32"}
    refused = bcoin_cli(node, "rpc", "getblockhash", "1000")
    assert "Block height out of range" in refused.stderr + refused.stdout
