"""SIGHUP: every option that can change while running does, and nothing of a bad file is taken."""

import re
import shutil
import signal
import ssl
import subprocess
import time

import pytest
from bitcoin_p2p import Closed, Connection
from electrum_client import LineClient
from node import BINARY, SOURCE
from process import LOOPBACK, free_port
from rlpx_peers import enode_of, ethereum_options
from waiting import TIME_FACTOR, wait_for_value, wait_until

KEY = re.compile(r"^\.It Ic (\S+)$", re.M)
tested = set()


def reloads(*keys):
    """Marks the test that shows these keys to take effect."""
    tested.update(keys)
    return lambda function: function


class Reloadable:
    """A node whose settings stand in a file, but for the few that tests always need."""

    def __init__(self, make_node, *options, **settings):
        self.node = make_node(*options)
        self.node.argv.remove("--log-level=debug")
        self.conf = self.node.folder / "p2pnode.conf"
        self.node.argv.append(f"--conf={self.conf}")
        self.write(**settings)
        self.node.start()

    def write(self, **settings):
        """Keys with underscores for hyphens; a list is a key on several lines."""
        lines = []
        for key, value in settings.items():
            for item in value if isinstance(value, list) else [value]:
                lines.append(f"{key.replace('_', '-')} = {item}\n")
        self.conf.write_text("".join(lines), encoding="utf-8")

    def reload(self, **settings):
        """Waits until the file has been taken."""
        self.write(**settings)
        self.hang_up("configuration reloaded")

    def hang_up(self, wanted):
        before = len(self.node.log())
        self.node.signal(signal.SIGHUP)
        wait_until(f"'{wanted}' is logged", lambda: wanted in self.node.log()[before:], 20)
        return self.node.log()[before:]

    def refuse(self):
        return self.hang_up("configuration refused")


@pytest.fixture
def reloadable(make_node):
    def make(*options, **settings):
        return Reloadable(make_node, *options, **settings)

    return make


def keys_that_reload():
    dump = subprocess.run(
        [BINARY, "--dump-options=reload"], capture_output=True, text=True, check=True
    ).stdout
    return set(KEY.findall(dump))


def test_every_option_of_the_manuals_table_is_tested_here():
    listed = keys_that_reload()
    assert listed and tested == listed
    page = (SOURCE / "doc" / "p2pnode.conf.5").read_text(encoding="utf-8")
    table = page[page.index(".Sh RELOADING") : page.index(".Sh FILES")]
    assert set(KEY.findall(table)) == listed


# The log


@reloads("log-level", "log-format", "log-file")
def test_the_log_changes_level_form_and_place(reloadable):
    it = reloadable()
    other = it.node.datadir / "other.log"
    it.write(log_level="debug", log_format="json", log_file=other)
    it.node.signal(signal.SIGHUP)

    def other_says(what):
        return other.exists() and what in other.read_text(encoding="utf-8")

    wait_until("the new file is written to", lambda: other_says("configuration reloaded"), 20)
    assert other.read_text(encoding="utf-8").startswith("{")
    size = len(it.node.log())
    with Connection.to(it.node.port) as connection:
        connection.handshake()
    wait_until("a line of level debug", lambda: other_says(" parting: "), 20)
    assert len(it.node.log()) == size, "the old place is still written to"
    it.reload(log_level="info")  # back to standard error


# Peers


@reloads("maxpeers")
def test_maxpeers_falls_and_rises_again(reloadable, stack):
    it = reloadable("--outbound=0", "--block-relay=0", maxpeers=3, whitelist="127.0.0.0/8")

    def join():
        connection = stack.enter_context(Connection.to(it.node.port))
        connection.handshake()
        return connection

    first, second = join(), join()
    it.reload(maxpeers=1, whitelist="127.0.0.0/8")
    first.round_trip()
    second.round_trip()  # who is there stays
    with pytest.raises(Closed):
        join()
    second.close()
    it.node.wait_for_peers(1)
    with pytest.raises(Closed):
        join()
    it.write(maxpeers=50, whitelist="127.0.0.0/8")
    assert "--maxpeers cannot grow above the 3" in it.hang_up("configuration reloaded")
    join()
    join()
    with pytest.raises(Closed):
        join()


@reloads("whitelist")
def test_exemptions_come_and_go(reloadable):
    it = reloadable()
    with Connection.to(it.node.port) as connection:
        connection.handshake()
        it.node.wait_for_peers(1)

        def permissions():
            return it.node.call("getpeerinfo")[0]["permissions"]

        assert "noban" not in permissions()
        it.reload(whitelist=["10.0.0.0/8", "127.0.0.0/8"])
        assert "noban" in permissions()
        it.reload()
        assert "noban" not in permissions()


@reloads("bantime")
def test_bans_are_as_long_as_the_file_says_now(reloadable):
    it = reloadable(bantime=1000)

    def length(subnet):
        it.node.call("setban", subnet, "add")
        bans = {ban["address"]: ban for ban in it.node.call("listbanned")}
        return bans[subnet]["ban_duration"]

    assert length("192.0.2.0/25") == 1000
    it.reload(bantime=5000)
    assert length("192.0.2.128/25") == 5000


@reloads("addnode")
def test_nodes_are_added_and_removed(reloadable, make_node):
    it = reloadable()
    others = [make_node().start() for _ in range(2)]
    named = [f"{LOOPBACK}:{node.port}" for node in others]

    def kept():
        return sorted(one["addednode"] for one in it.node.call("getaddednodeinfo"))

    it.reload(addnode=named)
    it.node.wait_for_peers(2, timeout=30, direction="outbound")
    assert kept() == sorted(named)
    it.reload(addnode=named[:1])
    assert kept() == named[:1]
    assert it.node.peers(direction="outbound") == 2, "a connection that is there stays"
    others[1].stop()
    it.node.wait_for_peers(1, timeout=30, direction="outbound")
    it.reload()
    assert kept() == []


@reloads("eth-static")
def test_static_ethereum_nodes_are_added_and_removed(reloadable, make_node):
    others = [make_node(*ethereum_options()).start() for _ in range(2)]
    enodes = [enode_of(node) for node in others]
    it = reloadable(*ethereum_options("--eth-redial=1"))

    def peers():
        return {peer["enode"].split("@")[0] for peer in it.node.call("admin_peers")}

    it.reload(eth_static=",".join(enodes))
    wait_until("both are connected", lambda: len(peers()) == 2, 60)
    it.reload(eth_static=enodes[1])
    assert len(peers()) == 2, "a connection that is there stays"
    for node in others:
        node.stop()
    wait_until("both are gone", lambda: not peers(), 60)
    others[0].start()
    others[1].start()
    wait_until("one is dialled again", peers, 60)
    assert peers() == {enodes[1].split("@")[0]}
    it.write(eth_static="enode://nonsense@127.0.0.1:1")
    it.refuse()


# HTTP


@reloads("api-user", "api-password")
def test_credentials_change(reloadable):
    it = reloadable(api_user="ann", api_password="old")

    def status(user, password):
        done = subprocess.run(
            [BINARY, "ctl", f"--api-listen={LOOPBACK}:{it.node.api_port}", f"--api-user={user}",
             f"--api-password={password}", "uptime"],
            capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode

    assert (status("ann", "old"), status("bob", "new")) == (0, 1)
    it.reload(api_user="bob", api_password="new")
    assert (status("ann", "old"), status("bob", "new")) == (1, 0)
    it.reload()
    assert (status("ann", "old"), status("bob", "new")) == (1, 1)
    it.node.call("uptime")  # by the cookie, which stays


@reloads("api-allow")
def test_who_may_call_changes(reloadable):
    it = reloadable()
    it.node.call("uptime")
    it.reload(api_allow="192.0.2.0/24")
    with pytest.raises(RuntimeError, match="not taken from this address"):
        it.node.call("uptime")
    it.reload(api_allow="127.0.0.0/8")
    it.node.call("uptime")


@reloads("event-log")
def test_events_go_to_another_file(reloadable, tmp_path):
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    it = reloadable(event_log=first)

    def lines(path):
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def meet():
        with Connection.to(it.node.port) as connection:
            connection.handshake()

    meet()
    wait_until("events in the first file", lambda: lines(first), 20)
    it.reload(event_log=second)
    seen = len(lines(first))
    meet()
    wait_until("events in the second file", lambda: lines(second), 20)
    assert len(lines(first)) == seen
    it.reload()
    seen = len(lines(second))
    meet()
    it.reload(event_log=first)
    assert len(lines(second)) == seen


# Electrum


@pytest.fixture
def electrum(reloadable):
    tcp, tls = free_port(), free_port()

    def make(**settings):
        it = reloadable(
            "--electrum",
            f"--electrum-listen={LOOPBACK}:{tcp}",
            f"--electrum-tls-listen={LOOPBACK}:{tls}",
            **settings,
        )
        it.tcp, it.tls = tcp, tls
        return it

    return make


@reloads("electrum-banner", "electrum-donation-address")
def test_what_electrum_clients_are_told_changes(electrum, tmp_path):
    banner = tmp_path / "banner"
    banner.write_text("good morning", encoding="utf-8")
    it = electrum(electrum_banner=banner, electrum_donation_address="first")
    with LineClient(it.tcp) as client:
        client.join()

        def said():
            return client.call("server.banner"), client.call("server.donation_address")

        assert said() == ("good morning", "first")
        banner.write_text("good evening", encoding="utf-8")
        it.reload(electrum_banner=banner, electrum_donation_address="second")
        assert said() == ("good evening", "second")
        it.reload()
        assert said() == ("", "")
        it.write(electrum_banner=tmp_path / "absent", electrum_donation_address="third")
        it.refuse()
        assert said() == ("", "")


@reloads("electrum-cost-soft", "electrum-cost-hard")
def test_electrum_limits_change(electrum):
    it = electrum()
    with LineClient(it.tcp) as client:
        client.join()
        it.reload(electrum_cost_soft=1, electrum_cost_hard=2)
        client.send({"jsonrpc": "2.0", "method": "server.ping", "params": [], "id": 9})
        assert client.receive()["error"]["code"] == -101
        assert client.receive() is None
    it.reload(electrum_cost_soft=1000, electrum_cost_hard=10000)
    with LineClient(it.tcp) as client:
        client.join()
        client.call("server.ping")


@reloads(
    "electrum-max-tokens",
    "electrum-rate-limit-window-seconds",
    "electrum-rate-limit-delay-after",
    "electrum-rate-limit-delay-ms",
)
def test_the_rate_of_electrum_clients_changes_under_their_lines(electrum):
    it = electrum()
    day = {"electrum_max_tokens": 1, "electrum_rate_limit_window_seconds": 86400}
    with LineClient(it.tcp) as client:
        client.join()

        def ping():
            """The error code, or None, and how long it took."""
            began = time.monotonic()
            client.send({"jsonrpc": "2.0", "method": "server.ping", "params": [], "id": 9})
            return client.receive().get("error", {}).get("code"), time.monotonic() - began

        assert ping()[0] is None
        it.reload(**day, electrum_rate_limit_delay_after=0)
        ping()  # takes what is left of the many it had: one
        assert ping()[0] == -102
        it.reload(**day, electrum_rate_limit_delay_after=1, electrum_rate_limit_delay_ms=1500)
        code, seconds = ping()
        assert code == -102 and seconds >= 1.4
        it.reload(electrum_max_tokens=1, electrum_rate_limit_window_seconds=0.001)
        assert ping()[0] is None
        it.reload(**day, electrum_rate_limit_delay_after=0)
        ping()
        assert ping()[0] == -102
        it.reload(electrum_max_tokens=0)
        assert [ping()[0] for _ in range(5)] == [None] * 5


@reloads("electrum-certificate", "electrum-key")
def test_certificates_are_read_again(electrum, tmp_path):
    def make(name):
        files = tmp_path / f"{name}.crt", tmp_path / f"{name}.key"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj",
             f"/CN={name}", "-out", files[0], "-keyout", files[1]],
            check=True, capture_output=True,
        )  # fmt: skip
        return files

    def shown():
        pem = ssl.get_server_certificate((LOOPBACK, it.tls), timeout=20 * TIME_FACTOR)
        return pem.strip()

    one, other = make("one"), make("other")
    it = electrum(electrum_certificate=one[0], electrum_key=one[1])
    assert shown() == one[0].read_text().strip()
    with LineClient(it.tls, tls=True) as client:
        client.join()
        it.reload(electrum_certificate=other[0], electrum_key=other[1])
        assert shown() == other[0].read_text().strip()
        client.call("server.ping")  # a connection that is there keeps its certificate
    # The same names, other contents: a renewal.
    for old, new in zip(other, one):
        shutil.copy(new, old)
    it.hang_up("configuration reloaded")
    assert shown() == one[0].read_text().strip()
    other[1].write_text("no key")
    it.refuse()
    assert shown() == one[0].read_text().strip()


# As a whole


def last_reload(node):
    metrics = node.metrics()
    return (
        metrics.total("p2pnode_config_last_reload_successful"),
        metrics.total("p2pnode_config_last_reload_success_timestamp_seconds"),
    )


def test_a_file_with_one_fault_is_refused_whole(reloadable, tmp_path):
    it = reloadable(bantime=1000)
    began = last_reload(it.node)
    assert began[0] == 1 and abs(began[1] - time.time()) < 60 * TIME_FACTOR
    for fault in ({"nonsense": 1}, {"maxpeers": "many"}, {"log_file": tmp_path / "no" / "log"},
                  {"event_log": tmp_path / "no" / "events"}, {"api_user": "x"}):  # fmt: skip
        it.write(bantime=5, whitelist="127.0.0.0/8", log_level="trace", **fault)
        it.refuse()
        assert last_reload(it.node) == (0, began[1])
        it.node.call("setban", "192.0.2.1", "add")
        assert it.node.call("listbanned")[0]["ban_duration"] == 1000
        it.node.call("clearbanned")
    wait_until("the clock moves on", lambda: time.time() >= began[1] + 1, 10)
    it.reload(bantime=5)
    wait_for_value("it succeeds again", lambda: last_reload(it.node)[0], 1, 10)
    assert last_reload(it.node)[1] > began[1]


def test_what_cannot_change_is_named(reloadable):
    it = reloadable()
    it.write(prune=1000, outbound=3, user_agent_comment="new", bantime=7)
    log = it.hang_up("configuration reloaded")
    for key in ("prune", "outbound", "user-agent-comment"):
        assert f"--{key} cannot change while running" in log
    assert "--bantime" not in log
    assert "cannot change" in it.hang_up("configuration reloaded"), "it is said each time"


LOGROTATE = shutil.which("logrotate") or shutil.which("logrotate", path="/usr/sbin")


@pytest.mark.skipif(not LOGROTATE, reason="logrotate is not installed")
def test_debians_logrotate_moves_the_logs_away(reloadable, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir(mode=0o750)
    it = reloadable(log_file=logs / "p2pnode.log", event_log=logs / "events.log")
    rules = (SOURCE / "contrib" / "p2pnode.logrotate").read_text(encoding="utf-8")
    # The folder, the user and the way to the process are this test's; the rest is as installed.
    for installed, here in (
        ("/var/log/p2pnode/", f"{logs}/"),
        ("su p2pnode p2pnode", ""),
        ("systemctl reload p2pnode.service", f"kill -HUP {it.node.pid}"),
    ):
        assert installed in rules
        rules = rules.replace(installed, here)
    conf = tmp_path / "logrotate.conf"
    conf.write_text(rules, encoding="utf-8")
    conf.chmod(0o600)

    def rotate():
        done = subprocess.run(
            [LOGROTATE, "--force", "--state", tmp_path / "state", conf],
            capture_output=True, text=True, check=False, timeout=60 * TIME_FACTOR,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")

    def text(name):
        path = logs / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    for turn in range(3):
        with Connection.to(it.node.port) as connection:
            connection.handshake()
        wait_until("the event is written", lambda: "accepted" in text("events.log"), 20)
        rotate()
        wait_until("the log is opened again", lambda: "reloaded" in text("p2pnode.log"), 20)
        wait_until("the events too", lambda: (logs / "events.log").exists(), 20)
        assert (logs / "p2pnode.log").stat().st_mode & 0o777 == 0o600
        assert (logs / "p2pnode.log.1").stat().st_size > 0
        assert "accepted" in text("events.log.1")
        assert turn < 1 or (logs / "p2pnode.log.2.gz").is_file()
