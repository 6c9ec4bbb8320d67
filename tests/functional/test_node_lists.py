"""Node lists of Ethereum in DNS (EIP-1459): signed lists, served by a name server on loopback."""

import subprocess

import pytest
from discovery_peers import PROGRAM, DiscoveryNode
from process import LOOPBACK
from proxy_servers import Dnsmasq, Microsocks, program
from waiting import wait_for_value, wait_until

DOMAIN = "nodes.test"
TREE_PROGRAM = PROGRAM.parent / "dns_tree"
MANY = 20  # a branch that has so many entries does not fit into 512 bytes
OTHERS = 3

pytestmark = [
    pytest.mark.skipif(not program("dnsmasq"), reason="not installed: dnsmasq"),
    pytest.mark.skipif(not TREE_PROGRAM.is_file(), reason=f"{TREE_PROGRAM} is not built"),
]


@pytest.fixture
def others(tmp_path, stack):
    """Nodes that know nobody."""
    nodes = [DiscoveryNode(tmp_path / f"other{i}") for i in range(OTHERS)]
    for node in nodes:
        stack.callback(node.stop)
    return nodes


@pytest.fixture
def serve(tmp_path, stack, others):
    """Starts a name server with a list of these nodes; returns it and the list's URL."""

    def start(*options, entries=OTHERS):
        argv = [TREE_PROGRAM, DOMAIN, entries, *(node.record for node in others)]
        said = subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True)
        url, *lines = said.stdout.splitlines()
        records = (line.split(" ", 1) for line in lines)
        zone = tmp_path / "zone"  # commas can be quoted in a file only
        zone.write_text("".join(f'txt-record={name},"{text}"\n' for name, text in records))
        server = Dnsmasq(tmp_path, f"--conf-file={zone}", *options)
        stack.callback(server.stop)
        return server.start(), url

    return start


def options(server, url):
    return (
        "--ethereum=mordor",
        f"--eth-listen={LOOPBACK}:0",
        f"--eth-dnsdisc={url}",
        f"--dns-server={server.address}",
    )


def table(node):
    return int(node.metrics().total("p2pnode_discv4_table_nodes"))


@pytest.mark.parametrize("limit", [1232, 512], ids=["edns", "tcp"])
def test_nodes_are_found_through_a_signed_list(make_node, serve, limit):
    server, url = serve(f"--edns-packet-max={limit}", entries=MANY)
    node = make_node(*options(server, url)).start()
    wait_for_value("nodes in the table", lambda: table(node), OTHERS, 30)
    asked = server.questions()
    assert asked[0] == f"TXT {DOMAIN}"
    assert all(question.startswith("TXT ") for question in asked), asked


def test_a_list_that_another_key_signed_leads_nowhere(make_node, serve):
    server, url = serve()
    key = "AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2"  # of EIP-1459's example
    node = make_node(*options(server, f"enrtree://{key}@{DOMAIN}")).start()
    wait_until("the root is asked for", lambda: f"TXT {DOMAIN}" in server.questions(), 10)
    other = make_node(*options(server, url)).start()
    wait_for_value("nodes in the other one's table", lambda: table(other), OTHERS, 30)
    assert table(node) == 0


def test_without_the_option_no_list_is_read(make_node, serve):
    server, url = serve()
    quiet = [o for o in options(server, url) if not o.startswith("--eth-dnsdisc")]
    node = make_node(*quiet).start()
    other = make_node(*options(server, url)).start()
    wait_for_value("nodes in the other one's table", lambda: table(other), OTHERS, 30)
    assert "node list" not in node.log()
    assert server.questions().count(f"TXT {DOMAIN}") == 1


def test_behind_a_proxy_no_name_server_hears_of_it(make_node, serve, tmp_path, stack):
    if not program("microsocks"):
        pytest.skip("not installed: microsocks")
    server, url = serve()
    proxy = Microsocks(tmp_path)
    stack.callback(proxy.stop)
    proxy.start()
    node = make_node(*options(server, url), f"--proxy={proxy.address}").start()
    assert "node lists in DNS are not read" in node.log()
    assert server.questions() == []


@pytest.mark.parametrize("text", ["enrtree://nobody", "https://nodes.test", "network,enrtree://"])
def test_a_text_that_is_no_list_is_an_error(make_node, text):
    node = make_node("--ethereum=mordor", f"--eth-listen={LOOPBACK}:0", f"--eth-dnsdisc={text}")
    node.launch()
    assert node.wait(10) == 1
