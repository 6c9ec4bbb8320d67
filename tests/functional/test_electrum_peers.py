"""The manager of other Electrum servers, among servers that tell the truth and others that do not."""

import json
import re
import socket
import subprocess

import pytest
import tor_network
import wire
from bitcoin_p2p import HeaderServer
from electrum_client import LineClient
from electrum_doubles import Double
from process import free_port
from proxy_servers import Dnsmasq
from waiting import wait_until

GENESIS = wire.GENESIS_HASH[::-1].hex()
HEADERS = 100


@pytest.fixture
def peer(stack):
    server = stack.enter_context(HeaderServer(wire.Chain()))
    server.chain.extend(HEADERS)
    return server


@pytest.fixture
def double(stack, peer):
    """Makes doubles that follow the peer's chain, each at an address of its own."""
    numbers = iter(range(2, 200))

    def make(**lies):
        chain = lies.pop("chain", peer.chain)
        host = lies.pop("host", f"127.0.0.{next(numbers)}")
        return stack.enter_context(Double(host, chain, GENESIS, **lies))

    return make


@pytest.fixture
def make_manager(make_node, peer):
    """Makes a p2pnode that knows these servers and no others."""

    def make(*servers, options=(), **named):
        return make_node(
            "--electrum",
            f"--electrum-listen=127.0.0.1:{free_port()}",
            "--electrum-allow-private",
            "--electrum-server=" + ",".join(servers),
            f"--connect=127.0.0.1:{peer.port}",
            *options,
            **named,
        )

    return make


def servers(node):
    return {server["host"]: server for server in node.call("getelectrumservers")["servers"]}


def wait_for_status(node, host, status, reason="", timeout=20):
    def reached():
        found = servers(node).get(host, {})
        tried = found.get("reason") or found.get("status") == "good"
        return tried and (found["status"], found["reason"]) == (status, reason)

    wait_until(f"{host} is {status}: {reason}", reached, timeout)


def test_each_gets_the_status_that_it_deserves(double, make_manager, peer):
    honest = double()
    other_chain = peer.chain.fork(HEADERS - 50, b"other")
    other_chain.extend(51)
    far = peer.chain.fork(HEADERS, b"far")
    far.extend(6)
    features = {"genesis_hash": GENESIS, "hosts": {"else.example": {"tcp_port": 1}}}
    liars = {
        "another genesis: it serves another network": double(
            **{"server.features": {"genesis_hash": "00" * 32, "hosts": {}}}
        ),
        "another header: it follows another chain": double(chain=other_chain),
        "its height is off by more than 5": double(chain=far),
        "it does not list itself among its hosts": double(**{"server.features": features}),
        "what it says is no JSON-RPC": double(
            **{"server.version": lambda sock: sock.sendall(b"\x00junk\n")}
        ),
        "bad answer to peers.subscribe": double(**{"server.peers.subscribe": [["x"]]}),
    }
    closing = double(**{"server.version": lambda sock: sock.shutdown(socket.SHUT_RDWR)})
    node = make_manager(honest.text, closing.text, *(liar.text for liar in liars.values())).start()
    wait_for_status(node, honest.host, "good")
    for reason, liar in liars.items():
        wait_for_status(node, liar.host, "bad", reason)
    wait_for_status(node, closing.host, "never", "the remote side closed the connection")
    noted = {
        (entry["subject"], entry["event"], entry["reason"]): entry["detail"]
        for entry in node.call("journal", 100)
        if entry["network"] == "electrum"
    }
    assert (honest.host, "connected", "verified") in noted
    for reason, liar in liars.items():
        assert noted[(liar.host, "failed", "bad")] == reason
    reason, liar = next(iter(liars.items()))
    for name in (liar.host, liar.host.upper()):
        why = node.call("explain", name)
        server = why["electrum_server"]
        assert (server["status"], server["last_failure"]) == ("bad", reason)
        assert "found false" in server["which_means"]
        assert (server["failures_in_a_row"], server["forgotten_after"]) == (1, 3)
        assert server["next_look_in_s"] > 60 and server["named_by"] == "operator"
    assert any(entry["detail"] == reason for entry in node.call("explain", liar.host)["history"])
    assert node.call("explain", honest.host)["electrum_server"]["status"] == "good"
    assert "electrum_server" not in node.call("explain", "else.example")
    listed = node.metrics().total("p2pnode_electrum_servers", status="bad")
    assert listed == len(liars)
    dump = json.loads((node.datadir / "electrum-servers.json").read_text(encoding="utf-8"))
    assert dump["total"] == 2 + len(liars)


def test_a_slow_server_is_given_up_and_holds_up_nobody(double, make_manager):
    slow = double(**{"blockchain.headers.subscribe": lambda sock: None})
    honest = double()
    options = ("--handshake-timeout=2",)
    node = make_manager(slow.text, honest.text, options=options).start()
    wait_for_status(node, honest.host, "good")
    assert servers(node)[slow.host]["status"] == "never"


def test_what_good_servers_name_is_looked_at_and_told_to_clients(double, make_manager):
    second = double()
    features = ["v1.4", f"t{second.port}"]
    first = double(**{"server.peers.subscribe": [[second.host, second.host, features]]})
    node = make_manager(first.text).start()
    wait_for_status(node, second.host, "good")
    assert servers(node)[second.host]["source"] == first.host
    port = int(next(o for o in node.argv if "electrum-listen" in o).rsplit(":", 1)[1])
    with LineClient(port) as client:
        client.join()
        told = {entry[1] for entry in client.call("server.peers.subscribe")}
    assert told == {first.host, second.host}


def test_two_p2pnodes_verify_each_other_and_one_adds_itself(make_node, make_manager, peer):
    port = free_port()
    server = make_node(
        "--electrum",
        "--electrum-allow-private",
        "--electrum-peers",
        f"--electrum-listen=127.0.0.9:{port}",
        f"--electrum-announce=127.0.0.9:{port}:t",
        f"--connect=127.0.0.1:{peer.port}",
    ).start()
    server.wait_for_height(HEADERS)
    node = make_manager(f"127.0.0.9:{port}:t").start()
    wait_for_status(node, "127.0.0.9", "good")
    assert servers(node)["127.0.0.9"]["server_version"].startswith("p2pnode ")


def test_tls_is_spoken_and_a_changed_certificate_is_reported(double, make_manager, tmp_path):
    pairs = []
    for name in ("one", "two"):
        pair = (tmp_path / f"{name}.crt", tmp_path / f"{name}.key")
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        command += f" -subj /CN={name} -out {pair[0]} -keyout {pair[1]}"
        subprocess.run(command.split(), check=True, capture_output=True)
        pairs.append(pair)
    server = double(tls=pairs[0])
    node = make_manager(server.text)
    node.start()
    wait_for_status(node, server.host, "good")
    first = servers(node)[server.host]["certificate_sha256"]
    assert node.stop() == 0
    server.tls = pairs[1]
    node.start()  # a known server is looked at again at the start
    wait_until("the change is seen", lambda: servers(node)[server.host]["certificate_changes"], 20)
    assert servers(node)[server.host]["certificate_sha256"] != first
    assert "another certificate" in node.log()


def on_disk(node):
    """When a server was last good, as the database says; its rows are JSON."""
    data = (node.datadir / "electrum-servers-regtest.mdb").read_bytes()
    found = re.search(rb'"last_good": ([1-9][0-9]*)', data)
    return int(found[1]) if found else 0


def test_the_good_ones_survive_a_kill(double, make_manager):
    honest = double()
    node = make_manager(honest.text).start()
    wait_for_status(node, honest.host, "good")
    seen = servers(node)[honest.host]["last_good"]
    wait_until("it is on disk", lambda: on_disk(node) == seen, 5)
    node.kill()
    honest.close()
    node.argv = [word for word in node.argv if not word.startswith("--electrum-server")]
    node.argv.append("--electrum-peers")
    node.start()
    kept = servers(node)[honest.host]
    assert (kept["status"], kept["last_good"]) == ("good", seen)


def test_the_blacklist_is_read_again_while_running(double, make_manager, tmp_path):
    blacklist = tmp_path / "blacklist.json"
    banned, later = double(), double()
    blacklist.write_text(json.dumps([banned.host]), encoding="utf-8")
    node = make_manager(banned.text, options=(f"--electrum-blacklist={blacklist}",)).start()
    wait_for_status(node, banned.host, "bad", "blacklisted")
    blacklist.write_text(json.dumps([banned.host, later.host]), encoding="utf-8")
    wait_until("the list is read again", lambda: "has 2 entries" in node.log(), 20)
    port = int(next(o for o in node.argv if "electrum-listen" in o).rsplit(":", 1)[1])
    source = (later.host, 0)
    with LineClient(port, source=source) as client:
        client.join()
        hosts = {"hosts": {later.host: {"tcp_port": later.port}}}
        assert client.call("server.add_peer", hosts) is True
    wait_for_status(node, later.host, "bad", "blacklisted")
    assert banned.connections == later.connections == 0


@pytest.fixture
def onion_of(tmp_path, stack):
    """Puts a server behind an onion service of a Tor network on loopback."""

    def start(server):
        if reason := tor_network.missing():
            pytest.skip(reason)
        nameserver = Dnsmasq(tmp_path, "--address=/seed.test/127.0.0.7").start()
        stack.callback(nameserver.stop)
        tor = tor_network.TorNetwork(tmp_path, nameserver.port, server.port).start()
        stack.callback(tor.stop)
        wait_until("tor carries a stream", lambda: reaches_onion(tor), timeout=90)
        return tor

    return start


def reaches_onion(tor):
    """By SOCKS5 (RFC 1928), without a program of ours."""
    name, _, port = tor.onion.partition(":")
    with socket.create_connection(("127.0.0.1", tor.socks_port), timeout=60) as sock:
        sock.sendall(b"\x05\x01\x00")
        assert sock.recv(2) == b"\x05\x00"
        target = bytes([len(name)]) + name.encode() + int(port).to_bytes(2, "big")
        sock.sendall(b"\x05\x01\x00\x03" + target)
        return sock.recv(10)[1:2] == b"\x00"


def test_an_onion_service_is_verified_through_tor_and_told_to_clients(
    double, make_manager, onion_of
):
    hidden, clear = double(host="127.0.0.1"), double()  # where the service leads to
    tor = onion_of(hidden)
    onion, _, port = tor.onion.partition(":")
    features = {"genesis_hash": GENESIS, "hosts": {onion: {"tcp_port": int(port)}}}
    hidden.lies["server.features"] = features
    before = hidden.connections
    node = make_manager(
        f"{onion}:{port}:t",
        clear.text,
        options=(f"--onion={tor.socks_address}", f"--netrestrict=127.0.0.0/8,{onion}"),
    ).start()
    wait_for_status(node, onion, "good", timeout=90)
    wait_for_status(node, clear.host, "good")
    assert hidden.connections == before + 1
    listen = int(next(o for o in node.argv if "electrum-listen" in o).rsplit(":", 1)[1])
    with LineClient(listen) as client:
        client.join()
        told = {entry[1]: entry for entry in client.call("server.peers.subscribe")}
    assert told[onion] == [onion, onion, ["v1.4", f"t{port}"]]
    hidden.lies["server.features"] = {**features, "hosts": {}}
    other = make_manager(
        f"{onion}:{port}:t",
        options=(f"--onion={tor.socks_address}", f"--netrestrict=127.0.0.0/8,{onion}"),
    ).start()
    wait_for_status(other, onion, "bad", "it does not list itself among its hosts", timeout=90)


def test_an_onion_service_is_not_dialled_without_tor(double, make_manager):
    clear, onion = double(), "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion"
    node = make_manager(
        f"{onion}:50001:t", clear.text, options=(f"--netrestrict=127.0.0.0/8,{onion}",)
    ).start()
    wait_for_status(node, clear.host, "good")
    reason = "no way to reach this kind of address is configured"
    wait_for_status(node, onion, "never", reason)


def test_operators_ask_about_servers_and_clients(double, make_manager):
    first, second = double(), double()
    node = make_manager(first.text).start()
    wait_for_status(node, first.host, "good")
    assert node.call("electrum_add_peer", f"{second.host} v1.4 t{second.port}") is True
    assert node.call("electrum_add_peer", f"{second.host} v1.4 t{second.port}") is False
    for text in ("", second.host, f"{second.host} t0", f"{second.host} t1x", "a..b t1"):
        with pytest.raises(RuntimeError):
            node.call("electrum_add_peer", text)
    wait_for_status(node, second.host, "good")
    peers = {peer["host"]: peer for peer in node.call("electrum_peers")}
    assert peers[second.host]["source"] == "RPC" and peers[first.host]["source"] == "operator"
    port = int(next(o for o in node.argv if "electrum-listen" in o).rsplit(":", 1)[1])
    with LineClient(port) as client:
        client.join()
        client.call("blockchain.headers.subscribe")
        (session,) = node.call("electrum_sessions")
        assert session["address"].startswith("127.0.0.1:") and session["protocol"] == "1.4"
        assert session["subscribed"] is True and session["requests"] == 2
        assert 5 < session["session_cost"] < 7  # 5 to begin with, 0.5, 0.25, and the bytes
        info = node.call("electrum_info")
        assert (info["sessions"], info["subscribed"], info["height"]) == (1, 1, HEADERS)
        assert info["peers"] == {"good": 2, "stale": 0, "never": 0, "bad": 0, "total": 2}


def test_servers_add_themselves(double, make_manager):
    honest = double(host="127.0.0.1")
    node = make_manager(double().text).start()
    port = int(next(o for o in node.argv if "electrum-listen" in o).rsplit(":", 1)[1])
    with LineClient(port) as client:
        client.join()
        hosts = {"hosts": {"127.0.0.77": {"tcp_port": 1}}}
        assert client.call("server.add_peer", hosts) is False  # it does not come from there
        hosts = {"hosts": {"127.0.0.1": {"tcp_port": honest.port}}}
        assert client.call("server.add_peer", hosts) is True
        assert client.call("server.add_peer", hosts) is False  # too soon
    wait_for_status(node, "127.0.0.1", "good")
