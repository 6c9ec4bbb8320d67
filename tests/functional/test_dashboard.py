"""The dashboard in a real browser: it shows what is there, follows it, and asks nobody else."""

import os
import pathlib

import pytest

from browser import PROGRAM, Browser
from process import LOOPBACK

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
    assert browser.value(PEER_ROWS) == 0
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
    assert browser.value("document.documentElement.scrollWidth") <= 390
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


def test_text_from_a_peer_stays_text(make_node, browser):
    node = make_node().start()
    make_node(f"--connect={LOOPBACK}:{node.port}", "--user-agent-comment=a_b,c;d?e@f").start()
    browser.open(page_of(node))
    browser.wait_for(f"{PEER_ROWS} === 1")
    assert "(a_b,c;d?e@f)" in browser.value(text("#peer-table tbody"))
    assert browser.value("document.querySelectorAll('#peer-table tbody script').length") == 0
    assert_quiet(browser, node)
