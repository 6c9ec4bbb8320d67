"""Debian's Prometheus scrapes a small mesh: all targets stay up, and every family of the manual has
samples. P2PNODE_TEST_SCRAPE_SECONDS=600 makes it the long run."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import wire
from bitcoin_p2p import Connection
from electrum_client import LineClient
from node import SOURCE
from process import LOOPBACK, Process, free_port
from rlpx_peers import enode_of, ethereum_options
from waiting import TIME_FACTOR, wait_until

SECONDS = int(os.environ.get("P2PNODE_TEST_SCRAPE_SECONDS", "60"))

# Families that this mesh cannot have, and why.
WITHOUT = {
    "p2pnode_addresses_heard_total": "addresses on loopback are not gossiped",
    "p2pnode_block_loans_total": "no block keeps others waiting",
    "p2pnode_blocks_refused_total": "nobody sends a bad block",
    "p2pnode_discovery_addresses_total": "there are no seeds",
    "p2pnode_discovery_lookups_total": "likewise",
    "p2pnode_events_lost_total": "no reader of events is slow",
    "p2pnode_filter_disputes_total": "nobody lies about filters",
    "p2pnode_headers_held_off_total": "regtest has no minimum work",
    "p2pnode_nat_mappings": "there is no gateway",
    "p2pnode_nat_packets_total": "likewise",
}

pytestmark = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="prometheus is not installed"
)


class Prometheus(Process):
    def __init__(self, folder, targets):
        self.port = free_port()
        config = folder / "prometheus.yml"
        rules = SOURCE / "contrib" / "prometheus" / "p2pnode.rules.yml"
        config.write_text(
            json.dumps(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [str(rules)],
                    "scrape_configs": [
                        {"job_name": "p2pnode", "static_configs": [{"targets": targets}]}
                    ],
                }
            ),
            encoding="utf-8",
        )
        argv = [shutil.which("prometheus"), f"--config.file={config}"]
        argv += [f"--storage.tsdb.path={folder / 'tsdb'}"]
        argv += [f"--web.listen-address={LOOPBACK}:{self.port}"]
        super().__init__(argv, folder / "prometheus.log")

    def ask(self, path, **fields):
        url = f"http://{LOOPBACK}:{self.port}/api/v1/{path}?{urllib.parse.urlencode(fields)}"
        with urllib.request.urlopen(url, timeout=30) as reply:
            answer = json.load(reply)
        assert answer["status"] == "success", answer
        return answer["data"]

    def value(self, query):
        result = self.ask("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else 0.0


def documented_families():
    page = (SOURCE / "doc" / "p2pnode-metrics.7").read_text(encoding="utf-8")
    return set(re.findall(r"^\.It \w+ (p(?:2pnode|rocess)_[a-z0-9_]+)", page, re.M))


@pytest.fixture
def mesh(make_node):
    """Three nodes on all three networks, which make blocks, and are asked all sorts of things."""
    electrum = free_port()
    first = make_node(
        "--generate=1", "--electrum", f"--electrum-listen={LOOPBACK}:{electrum}", "--tx-relay=on",
        "--blockfilterindex", "--peerblockfilters", "--maxpeers=17", "--outbound=8",
        *ethereum_options(),
    ).start()  # fmt: skip
    first.electrum_port = electrum
    second = make_node(
        f"--connect={LOOPBACK}:{first.port}", "--tx-relay=on", "--electrum",
        f"--electrum-listen={LOOPBACK}:{free_port()}", "--electrum-peers", "--electrum-allow-private",
        f"--electrum-server={LOOPBACK}:{electrum}:t", "--blockfilterheaders",
        *ethereum_options(f"--eth-static={enode_of(first)}"),
        f"--eth-bootnodes={enode_of(first)}",
    ).start()  # fmt: skip
    third = make_node(
        f"--connect={LOOPBACK}:{first.port}", "--tx-relay=on", "--event-log=/dev/null",
        f"--zmqpubhashblock=tcp://{LOOPBACK}:{free_port()}",
        *ethereum_options(f"--eth-static={enode_of(first)}"),
    ).start()  # fmt: skip
    return [first, second, third]


def keep_busy(nodes):
    """What a minute of use brings with it."""
    first = nodes[0]
    with LineClient(first.electrum_port) as client:
        client.join()
        client.call("server.ping")
        client.call("blockchain.headers.subscribe")
    with Connection.to(first.port) as connection:
        connection.handshake()
        connection.round_trip()
    for node in nodes:
        node.call("getpeerinfo")
        node.get("/readyz")
    with Connection.to(first.port) as connection:
        connection.handshake()
        # On the tip: a branch from far below is held off without a look at its rules.
        tip = bytes.fromhex(first.call("getbestblockhash"))[::-1]
        old = wire.Header(tip, bytes(32), 1)  # of 1970
        connection.send("headers", b"\x01" + old.raw + b"\x00")
        assert connection.wait_closed(60)
    nodes[1].signal(signal.SIGHUP)  # saves the address book, too
    with urllib.request.urlopen(
        urllib.request.Request(
            f"http://{LOOPBACK}:{first.api_port}/events",
            headers={"Authorization": "Basic " + base64.b64encode(
                (first.datadir / ".cookie").read_bytes()).decode()},
        ),
        timeout=30,
    ) as events:  # fmt: skip
        events.read(1)
    first.call("setban", "127.0.0.9", "add")
    with socket.create_connection(
        (LOOPBACK, first.port), timeout=60, source_address=("127.0.0.9", 0)
    ) as refused:
        assert refused.recv(1) == b""
    first.call("setban", "127.0.0.9", "remove")


def test_prometheus_scrapes_a_mesh_and_every_family_has_samples(mesh, tmp_path, stack):
    targets = [f"{LOOPBACK}:{node.api_port}" for node in mesh]
    prometheus = Prometheus(tmp_path, targets)
    stack.callback(prometheus.stop)
    prometheus.launch()
    wait_until("all are scraped", lambda: prometheus.value("sum(up)") == len(mesh), 60)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        keep_busy(mesh)
        time.sleep(1)  # the run is to last so long
    assert prometheus.value("min(min_over_time(up[1h]))") == 1, "a scrape failed"
    assert prometheus.value("min(count_over_time(up[1h]))") >= SECONDS / 2 / TIME_FACTOR
    # Rules were evaluated, and on a healthy mesh nothing is on fire.
    groups = prometheus.ask("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules and all(rule["health"] == "ok" for rule in rules), rules
    names = {
        re.sub(r"_(bucket|sum|count)$", "", name)
        for name in prometheus.ask("label/__name__/values")
    }
    documented = documented_families()
    assert len(documented) > 50
    missing = sorted(documented - names)
    assert missing == sorted(WITHOUT), f"documented families without samples: {missing}"
    ours = {name for name in names if name.startswith("p2pnode_")}
    assert sorted(ours - documented) == [], "families that the manual lacks"
    series = prometheus.value('count({job="p2pnode"})')
    slowest = prometheus.value("max(max_over_time(scrape_duration_seconds[1h]))")
    print(f"{len(ours)} families, {series:.0f} series, slowest scrape {1000 * slowest:.1f} ms")


def test_promtool_accepts_the_metrics_of_a_busy_node(mesh):
    keep_busy(mesh)
    for node in mesh:
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=node.get("/metrics")[2],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
