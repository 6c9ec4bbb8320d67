"""The dashboard in a real browser: it shows what is there, follows it, and asks nobody else."""

import os
import pathlib
import socket

import pytest

from bitcoin_p2p import Connection
from browser import PROGRAM, Browser
from process import LOOPBACK, free_port
from rlpx_peers import enode_of, ethereum_options

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="chromium is missing")


@pytest.fixture
def browser(tmp_path):
    opened = Browser(tmp_path / "browser")
    yield opened
    opened.close()


def page_of(node):
    user, password = (node.datadir / ".cookie").read_text(encoding="ascii").split(":")
    return f"http://{user}:{password}@{LOOPBACK}:{node.api_port}/"


def look(browser, name):
    """Keeps a picture where P2PNODE_TEST_SHOTS says, for people to look at."""
    folder = os.environ.get("P2PNODE_TEST_SHOTS")
    if folder:
        browser.screenshot(pathlib.Path(folder) / f"{name}.png")


def assert_quiet(browser, node):
    assert browser.complaints == []
    own = f"{LOOPBACK}:{node.api_port}/"
    outside = [url for url in browser.requests if own not in url and not url.startswith("data:")]
    assert outside == []


def text(selector):
    return f"document.querySelector('{selector}').textContent"


LIVE = "document.querySelector('#status').textContent === 'live'"
PEER_ROWS = "document.querySelectorAll('#peer-table tbody tr').length"


def test_an_empty_node_says_why_it_is_alone(make_node, browser):
    node = make_node().start()
    browser.open(page_of(node))
    browser.wait_for(LIVE)
    assert "No addresses are known" in browser.value(text("#advice"))
    assert browser.value(text("#networks .card:nth-child(1) b")) == "no peers"
    assert browser.value(PEER_ROWS) == 0
    for shown in ("peer-table", "reason-table"):  # no head without a body
        assert browser.value(f"document.getElementById('{shown}').offsetHeight") == 0
    assert "Nothing yet" in browser.value(text("#events-none"))
    look(browser, "empty")
    assert_quiet(browser, node)


def test_peers_blocks_and_events_appear_as_they_come(make_node, browser):
    node = make_node("--generate=0.5").start()
    browser.open(page_of(node))
    browser.wait_for(LIVE)
    height = browser.value(text("#networks .card:nth-child(2) b"))
    peers = [make_node(f"--connect={LOOPBACK}:{node.port}").start() for _ in range(4)]
    browser.wait_for(f"{PEER_ROWS} === 4")
    browser.wait_for(f"{text('#networks .card:nth-child(2) b')} !== '{height}'")
    node.call("setban", "192.0.2.0/24", "add")
    browser.wait_for(f"{text('#event-table tbody')}.includes('192.0.2.0/24')")
    assert browser.value("document.querySelectorAll('.u-wrap canvas').length") == 4
    assert "peer_output" in browser.value(text("#channel-table"))
    look(browser, "peers")
    browser.resize(1300, 1900, dark=True)
    browser.wait_for(LIVE)
    look(browser, "peers-dark")
    browser.resize(390, 2600)
    # Nothing is wider than a telephone: what is wide scrolls within its own frame.
    browser.wait_for("document.documentElement.scrollWidth <= 390")
    look(browser, "peers-phone")
    assert peers[0].stop() == 0
    browser.wait_for(f"{PEER_ROWS} === 3")
    assert_quiet(browser, node)


def test_the_table_is_sorted_and_explained_by_keyboard(make_node, browser):
    node = make_node().start()
    for _ in range(3):
        make_node(f"--connect={LOOPBACK}:{node.port}").start()
    browser.open(page_of(node))
    browser.wait_for(f"{PEER_ROWS} === 3")
    first = "document.querySelector('#peer-table thead button')"
    browser.value(f"{first}.focus()")
    ids = "[...document.querySelectorAll('#peer-table tbody td:first-child')].map(c => +c.textContent)"
    assert browser.value(ids) == sorted(browser.value(ids))
    browser.press("Enter")
    assert browser.value(f"{first}.parentNode.getAttribute('aria-sort')") == "descending"
    assert browser.value(ids) == sorted(browser.value(ids), reverse=True)
    browser.value("document.querySelector('#peer-table tbody button').focus()")
    browser.press("Enter")
    browser.wait_for("document.querySelector('#why').open")
    assert browser.value("document.querySelectorAll('#why-history tr').length") > 0
    look(browser, "why")
    assert_quiet(browser, node)


def test_the_legends_follow_a_theme_that_changes_while_the_page_is_open(make_node, browser):
    node = make_node().start()
    browser.open(page_of(node))
    browser.wait_for(LIVE)
    style = "getComputedStyle"
    markers = f"""[...document.querySelectorAll('.u-legend tr:not(:first-child) .u-marker')]
        .map((m) => {style}(m).borderTopColor).join(';')"""
    line = f"""(() => {{ const probe = document.body.appendChild(document.createElement('i'));
        probe.style.color = 'var(--accent)'; const is = {style}(probe).color; probe.remove();
        return is; }})()"""
    light = browser.wait_for(markers)
    assert light.split(";")[0] == browser.value(line)
    browser.resize(1300, 1900, dark=True)
    browser.wait_for(f"{markers} !== '{light}'")
    assert browser.value(markers).split(";")[0] == browser.value(line)
    look(browser, "legends-dark")
    assert_quiet(browser, node)


def test_text_from_a_peer_stays_text(make_node, browser):
    node = make_node().start()
    make_node(f"--connect={LOOPBACK}:{node.port}", "--user-agent-comment=a_b,c;d?e@f").start()
    browser.open(page_of(node))
    browser.wait_for(f"{PEER_ROWS} === 1")
    assert "(a_b,c;d?e@f)" in browser.value(text("#peer-table tbody"))
    assert browser.value("document.querySelectorAll('#peer-table tbody script').length") == 0
    assert_quiet(browser, node)


def test_twenty_peers_fit(make_node, browser):
    node = make_node("--generate=0.5").start()
    for number in range(10):
        make_node(f"--connect={LOOPBACK}:{node.port}", name=f"in{number}").start()
    servers = [make_node(name=f"out{number}").start() for number in range(10)]
    for server in servers:
        node.call("addnode", f"{LOOPBACK}:{server.port}", "add")
    node.wait_for_peers(20, timeout=60)
    browser.open(page_of(node))
    browser.wait_for(f"{PEER_ROWS} === 20")
    browser.wait_for("document.querySelectorAll('#channel-table tbody tr').length > 5")
    assert browser.value(text("#peer-count")) == "(20)"
    look(browser, "twenty")
    browser.resize(390, 2600)
    browser.wait_for("document.documentElement.scrollWidth <= 390")
    look(browser, "twenty-phone")
    assert_quiet(browser, node)


def test_a_node_under_attack_shows_who_is_refused_and_why(make_node, browser):
    """From many addresses: connections that say nothing, that talk nonsense, that are banned."""
    node = make_node("--maxpeers=24", "--generate=1").start()
    node.call("setban", "127.66.0.0/16", "add")
    browser.open(page_of(node))
    browser.wait_for(LIVE)
    early = [Connection.to(node.port) for _ in range(3)]
    for peer in early:
        peer.handshake()
    crowd = list(early)
    try:
        for number in range(120):
            attacker = socket.socket()
            attacker.settimeout(10)
            network = 66 if number % 3 == 0 else 100 + number % 3
            attacker.bind((f"127.{network}.{number}.1", 0))
            attacker.connect((LOOPBACK, node.port))
            if number % 3 == 1:
                attacker.sendall(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n" + 64 * b"!")
            crowd.append(attacker)
        early[0].send("ping", 7 * b"x")  # one byte short
        browser.wait_for(f"{text('#event-table tbody')}.includes('refused')")
        browser.wait_for(f"{text('#event-table tbody')}.includes('disconnected')")
        reasons = text("#reason-table tbody")
        browser.wait_for(f"{reasons}.includes('banned') && {reasons}.includes('bad_magic')", 60)
        browser.wait_for(f"{reasons}.includes('truncated')", 60)
        assert browser.value(LIVE)
        look(browser, "attack")
        browser.resize(1300, 1900, dark=True)
        look(browser, "attack-dark")
    finally:
        for attacker in crowd:
            attacker.close()
    assert_quiet(browser, node)


def test_networks_that_do_not_run_are_not_shown(make_node, browser):
    alone = make_node().start()
    browser.open(page_of(alone))
    browser.wait_for(LIVE)
    for section in "#ethereum", "#electrum":
        assert browser.value(f"document.querySelector('{section}').hidden") is True
    with pytest.raises(RuntimeError, match="does not take part in Ethereum"):
        alone.call("explain", "ethereum")
    assert_quiet(browser, alone)


def test_other_networks_are_shown_where_they_run(make_node, browser):
    first = make_node(*ethereum_options(), name="first").start()
    node = make_node(
        *ethereum_options(f"--eth-static={enode_of(first)}", f"--eth-bootnodes={enode_of(first)}"),
        "--electrum",
        f"--electrum-listen={LOOPBACK}:{free_port()}",
    ).start()
    why = node.call("explain", "ethereum")
    assert why["network"] == "ethereum" and isinstance(why["funnel"]["dialled"], int)
    browser.open(page_of(node))
    browser.wait_for(LIVE)
    browser.wait_for("document.querySelectorAll('#eth-table tbody tr').length === 1", 60)
    browser.wait_for(f"{text('#buckets .key')}.startsWith('verified nodes: 1;')", 60)
    assert browser.value("document.querySelectorAll('#buckets .bar').length") == 17
    assert sum(b["nodes"] for b in node.call("admin_discoveryTable")["buckets"]) == 1
    assert browser.value("document.querySelector('#electrum').hidden") is False
    look(browser, "networks")
    assert_quiet(browser, node)


def test_a_server_that_does_not_answer_is_explained(make_node, browser):
    server = make_node("--generate=0.5", name="blocks").start()
    nobody = f"{LOOPBACK}:{free_port()}:t"
    node = make_node(
        f"--connect={LOOPBACK}:{server.port}",
        "--electrum",
        f"--electrum-listen={LOOPBACK}:{free_port()}",
        "--electrum-allow-private",
        f"--electrum-server={nobody}",
    ).start()
    browser.open(page_of(node))
    browser.wait_for(f"{text('#electrum-table tbody')}.includes('connection refused')", 60)
    browser.value("document.querySelector('#electrum-table tbody button').click()")
    browser.wait_for("document.querySelector('#why').open", 60)
    now = browser.value(text("#why-now"))
    assert "status: never" in now and "clients are not told of it" in now
    assert "last good: never" in now and "program:" not in now
    browser.wait_for(f"{text('#why-history')}.includes('connection refused')", 60)
    look(browser, "server")
    assert_quiet(browser, node)
