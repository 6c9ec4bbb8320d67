"""`p2pnode ctl top`, in a real terminal: tmux's."""

import re
import shutil
import subprocess

import pytest
from bitcoin_p2p import Connection
from node import BINARY, clean_environment
from process import LOOPBACK
from waiting import wait_until

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")


class Terminal:
    """A program in a window of its own server of tmux."""

    def __init__(self, folder, argv, columns=120, rows=24):
        self.socket = folder / "tmux"
        self.status = folder / "status"
        command = " ".join(f"'{word}'" for word in argv) + f"; echo $? > '{self.status}'"
        self.tmux("new-session", "-d", "-x", columns, "-y", rows, "sh", "-c", command)

    def tmux(self, *words):
        argv = ["tmux", "-S", self.socket, "-f", "/dev/null", *words]
        return subprocess.run(
            [str(word) for word in argv],
            capture_output=True, text=True, check=True, timeout=60,
            env=clean_environment() | {"TERM": "xterm-256color"},
        ).stdout  # fmt: skip

    def screen(self):
        return self.tmux("capture-pane", "-p").split("\n")

    def wait_for(self, pattern, timeout=20):
        """The match, once it is on the screen."""
        seen = lambda: re.search(pattern, "\n".join(self.screen()), re.M)
        try:
            return wait_until(pattern, seen, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n" + "\n".join(self.screen())) from None

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def close(self):
        subprocess.run(
            ["tmux", "-S", str(self.socket), "kill-server"], capture_output=True, check=False
        )


@pytest.fixture
def top(make_node, tmp_path, stack):
    """A node with peers, and top on it."""

    def make(peers=3, **size):
        node = make_node("--maxpeers=300").start()
        node.connections = []
        for _ in range(peers):
            connection = stack.enter_context(Connection.to(node.port))
            connection.handshake()
            node.connections.append(connection)
        node.wait_for_peers(peers, timeout=60)
        argv = [BINARY, "ctl", f"--datadir={node.datadir}"]
        argv += [f"--api-listen={LOOPBACK}:{node.api_port}", "top", "1"]
        terminal = Terminal(tmp_path, argv, **size)
        stack.callback(terminal.close)
        terminal.node = node
        return terminal

    return make


def ids(terminal):
    return [int(line.split()[0]) for line in terminal.screen() if re.match(r" *\d+ (in|out) ", line)]


def test_it_shows_the_node_and_its_peers(top):
    terminal = top()
    terminal.wait_for(r"^/p2pnode:\S+ on regtest, up \d+:\d\d, block 0, header 0")
    terminal.wait_for(r"^peers 3 \(3 in, 0 out\); in \S+, \S+/s; out")
    terminal.wait_for(r"^ +ID\* DIR TYPE +NET .* ADDRESS +VERSION")
    assert ids(terminal) == sorted(ids(terminal)) and len(ids(terminal)) == 3
    terminal.wait_for(r"^q quit .* p ping")
    terminal.node.connections[0].close()
    terminal.wait_for(r"^peers 2 \(2 in")


def test_keys_sort_and_quit(top):
    terminal = top()
    terminal.wait_for(r"ID\*")
    rising = ids(terminal)
    terminal.type("i")
    terminal.wait_for(r"ID\^")
    assert ids(terminal) == rising[::-1]
    terminal.type("g")
    terminal.wait_for(r" IN\* ")
    for _ in range(200):
        terminal.node.connections[1].round_trip()
    wait_until("the busiest is first", lambda: ids(terminal)[0] == rising[1], 20)
    terminal.type("q")
    wait_until("it has ended", lambda: terminal.status.exists() and terminal.status.read_text(), 20)
    assert terminal.status.read_text() == "0\n"


def test_it_scrolls_and_follows_the_size_of_the_terminal(top):
    terminal = top(peers=40, rows=20)
    terminal.wait_for(r"^1 to 14 of 40")
    first = ids(terminal)[0]
    terminal.type("NPage")
    terminal.wait_for(r"^15 to 28 of 40")
    terminal.type("NPage", "NPage", "NPage")
    terminal.wait_for(r"^27 to 40 of 40")
    terminal.type("PPage", "PPage", "PPage", "Up")
    terminal.wait_for(r"^1 to 14 of 40")
    terminal.type("Down")
    terminal.wait_for(r"^2 to 15 of 40")
    terminal.tmux("resize-window", "-x", 70, "-y", 60)
    terminal.wait_for(r"^q quit")
    wait_until("all peers fit", lambda: len(ids(terminal)) == 40 and ids(terminal)[0] == first, 20)
    assert all(len(line) <= 70 for line in terminal.screen())
    terminal.tmux("resize-window", "-x", 30, "-y", 4)  # no room for anybody
    terminal.wait_for(r"^/p2pnode")
    terminal.tmux("resize-window", "-x", 100, "-y", 30)
    terminal.wait_for(r" to 24 of 40")


def test_a_node_that_goes_is_said_to_and_one_that_comes_back_is_shown(top):
    terminal = top()
    terminal.wait_for(r"^peers 3")
    assert terminal.node.stop() == 0
    terminal.wait_for(r"^The node does not answer")
    assert ids(terminal), "what was last known stays"
    terminal.node.start()
    terminal.wait_for(r"^peers 0")


def test_without_a_terminal_it_says_so(make_node):
    node = make_node().start()
    argv = [BINARY, "ctl", f"--datadir={node.datadir}", f"--api-listen={LOOPBACK}:{node.api_port}"]
    done = subprocess.run(
        [*argv, "top"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        env=clean_environment(),
    )  # fmt: skip
    assert done.returncode == 2 and "top needs a terminal" in done.stderr
    done = subprocess.run([*argv, "top", "0"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "usage: p2pnode ctl top" in done.stderr
