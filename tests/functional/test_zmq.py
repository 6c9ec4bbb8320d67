"""What is published by ZeroMQ, read by pyzmq as programs written for bitcoind do."""

import json
import pathlib
import queue
import socket
import struct
import subprocess
import threading

import pytest
from bitcoin_blocks import BlockChain, BlockServer, filler
from bitcoin_p2p import Connection
from process import free_port
from transactions import unknown
from waiting import TIME_FACTOR, wait_until

HERE = pathlib.Path(__file__).resolve().parent
DEBIAN_PYTHON = "/usr/bin/python3"
TOPICS = ("hashblock", "rawblock", "hashtx", "rawtx", "sequence")
TIMEOUT = 60 * TIME_FACTOR


class Subscriber:
    """A process that subscribes; messages are (body, count) in a queue for each topic."""

    def __init__(self, address, *topics):
        self.topics = {topic: queue.Queue() for topic in topics}
        self.ready = threading.Event()
        argv = [DEBIAN_PYTHON, HERE / "zmq_subscriber.py", address, *topics]
        self.child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        assert self.ready.wait(TIMEOUT), f"no connection to {address}"

    def _read(self):
        for line in self.child.stdout:
            message = json.loads(line)
            if message == "ready":
                self.ready.set()
                continue
            topic, body, count = message
            count = struct.unpack("<I", bytes.fromhex(count))[0]
            self.topics[topic].put((bytes.fromhex(body), count))

    def next(self, topic):
        return self.topics[topic].get(timeout=TIMEOUT)

    def stop(self):
        self.child.kill()
        self.child.wait()
        self.reader.join()


@pytest.fixture(autouse=True)
def needs_pyzmq(make_node):
    try:
        subprocess.run([DEBIAN_PYTHON, "-c", "import zmq"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("python3-zmq is not installed")
    node = make_node("--zmqpubhashtx=tcp://127.0.0.1:1", "--check-config", name="probe")
    node.launch()
    node.wait(TIMEOUT)
    if "this build has no libzmq" in node.log():
        pytest.skip("p2pnode was built without libzmq")


@pytest.fixture
def subscribe(stack):
    def make(address, *topics):
        subscriber = Subscriber(address, *topics)
        stack.callback(subscriber.stop)
        return subscriber

    return make


def everything_at(address):
    return [f"--zmqpub{topic}={address}" for topic in TOPICS]


def settle(node, subscriber):
    """A subscription reaches the publisher after the connection: make blocks until one is heard.
    Returns: how many were made, and then every message but those of later blocks has been taken."""
    made = 0
    while True:
        (shown,) = node.call("generate", 1)
        made += 1
        try:
            body, _ = subscriber.topics["hashblock"].get(timeout=1)
        except queue.Empty:
            continue
        while body.hex() != shown:
            body, _ = subscriber.next("hashblock")
        break
    raw = bytes.fromhex(node.call("getblock", shown, 0))
    while subscriber.next("rawblock")[0] != raw:
        pass
    txid = node.call("getblock", shown, 1)["tx"][0]
    while subscriber.next("hashtx")[0].hex() != txid:
        pass
    while subscriber.next("sequence")[0].hex() != shown + "43":
        pass
    # The coinbase is the rest of the block.
    while subscriber.next("rawtx")[0] != raw[81:]:
        pass
    return made


@pytest.fixture(params=["tcp", "ipc"])
def address(request, tmp_path):
    if request.param == "tcp":
        return f"tcp://127.0.0.1:{free_port()}"
    folder = tmp_path / "zmq"
    folder.mkdir()
    return f"ipc://{folder}/all"


def test_all_topics_have_bitcoinds_form(make_node, subscribe, address):
    node = make_node(*everything_at(address), "--zmqpubrawtxhwm=7").start()
    listed = {entry["type"]: entry for entry in node.call("getzmqnotifications")}
    assert set(listed) == {"pub" + topic for topic in TOPICS}
    assert all(entry["address"] == address for entry in listed.values())
    assert listed["pubrawtx"]["hwm"] == 7 and listed["pubhashtx"]["hwm"] == 1000

    subscriber = subscribe(address, *TOPICS)
    count = settle(node, subscriber)
    for height_more in range(3):
        (shown,) = node.call("generate", 1)
        raw = bytes.fromhex(node.call("getblock", shown, 0))
        (txid,) = node.call("getblock", shown, 1)["tx"]
        number = count + height_more
        assert subscriber.next("hashblock") == (bytes.fromhex(shown), number)
        assert subscriber.next("rawblock") == (raw, number)
        assert subscriber.next("hashtx") == (bytes.fromhex(txid), number)
        assert subscriber.next("rawtx") == (raw[81:], number)
        assert subscriber.next("sequence") == (bytes.fromhex(shown) + b"C", number)

    count += 3
    first, second = unknown(1), unknown(2)
    for number, transaction in enumerate((first, second), start=1):
        node.call("sendrawtransaction", transaction.raw.hex())
        assert subscriber.next("hashtx") == (transaction.txid[::-1], count)
        assert subscriber.next("rawtx") == (transaction.raw, count)
        body = transaction.txid[::-1] + b"A" + struct.pack("<Q", number)
        assert subscriber.next("sequence") == (body, count)
        count += 1
    metrics = node.metrics()
    assert metrics.total("p2pnode_zmq_messages_total", topic="sequence") == count
    assert metrics.total("p2pnode_zmq_messages_total", topic="hashblock") == count - 2
    assert metrics.total("p2pnode_zmq_dropped_total") == 0


def test_what_gives_way_to_another_transaction_is_told(make_node, subscribe, address):
    node = make_node(*everything_at(address), "--tx-relay=on").start()
    subscriber = subscribe(address, *TOPICS)
    settle(node, subscriber)
    loser, winner = unknown(1), unknown(1, outputs=2)
    node.call("sendrawtransaction", loser.raw.hex())
    node.call("sendrawtransaction", winner.raw.hex())
    bodies = [subscriber.next("sequence")[0] for _ in range(3)]
    assert bodies == [
        tx.txid[::-1] + letter + struct.pack("<Q", number)
        for number, (tx, letter) in enumerate(
            ((loser, b"A"), (loser, b"R"), (winner, b"A")), start=1
        )
    ]


def chain_of(count, onto=()):
    """A chain of blocks of its own behind the given headers."""
    chain = BlockChain()
    for header in onto:
        chain.headers.append(header)
        chain.tip_hash = header.hash
        chain._next_time = header.time + 1
    for number in range(count):
        chain.add([filler(1000, 1000 * len(onto) + number, True)])
    return chain


def test_a_reorganisation_takes_blocks_back_and_then_tells_the_others(
    make_node, subscribe, address, stack
):
    old = chain_of(3)
    new = chain_of(4, old.headers[:1])
    new.blocks.update(old.blocks)
    peer = stack.enter_context(BlockServer(old))
    node = make_node(
        *everything_at(address),
        f"--connect=127.0.0.1:{peer.port}",
        "--retry-interval=0.1",
        "--retry-max=0.2",
    )
    node.start()
    node.wait_for_height(3, TIMEOUT)
    wait_until(
        "the blocks are published",
        lambda: node.metrics().total("p2pnode_zmq_messages_total", topic="hashblock") == 3,
        TIMEOUT,
    )
    subscriber = subscribe(address, *TOPICS)
    # What is heard of the subscription is what the next messages show.
    wait_until_subscribed(node, subscriber)
    before = {topic: subscriber.topics[topic].qsize() for topic in TOPICS}
    assert before["hashblock"] == 0
    peer.chain = new
    peer.announce(new.headers[1:])
    order = [subscriber.next("sequence")[0] for _ in range(6)]
    assert order == [
        *(header.hash[::-1] + b"D" for header in (old.headers[2], old.headers[1])),
        *(header.hash[::-1] + b"C" for header in new.headers[1:]),
    ]
    assert [subscriber.next("hashblock")[0] for _ in range(4)] == [
        header.hash[::-1] for header in new.headers[1:]
    ]
    assert [subscriber.next("rawblock")[0] for _ in range(4)] == [
        new.blocks[header.hash] for header in new.headers[1:]
    ]
    assert subscriber.topics["hashblock"].empty()


def wait_until_subscribed(node, subscriber):
    """Submits transactions until one is heard, and takes what was heard of them."""
    for number in range(1, 1000):
        transaction = unknown(number)
        node.call("sendrawtransaction", transaction.raw.hex())
        try:
            while subscriber.topics["sequence"].get(timeout=1)[0][:32] != transaction.txid[::-1]:
                pass
            return
        except queue.Empty:
            continue
    raise AssertionError("no subscription")


def test_a_subscriber_that_does_not_read_holds_up_nobody(make_node, subscribe):
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    node = make_node(*everything_at(address), "--zmqpubrawblockhwm=10").start()
    subscriber = subscribe(address, *TOPICS)
    settle(node, subscriber)
    subscriber.child.send_signal(19)  # SIGSTOP
    try:
        node.call("generate", 1000)
        wait_until(
            "all is published",
            lambda: node.metrics().total("p2pnode_zmq_messages_total", topic="hashblock") >= 1001,
            TIMEOUT,
        )
        assert node.metrics().total("p2pnode_zmq_dropped_total") == 0
        second = subscribe(address, "hashblock", "rawblock", "hashtx", "rawtx", "sequence")
        settle(node, second)
    finally:
        subscriber.child.send_signal(18)  # SIGCONT


def test_noise_on_the_port_costs_nothing(make_node, subscribe):
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    node = make_node(*everything_at(address)).start()
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as noise:
        noise.sendall(b"GET / HTTP/1.1\r\n\r\n" * 1000)
        settle(node, subscribe(address, *TOPICS))
    with Connection.to(node.port) as peer:
        peer.handshake()


def test_an_address_that_is_taken_ends_the_start(make_node, stack):
    taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    node = make_node(f"--zmqpubhashblock=tcp://127.0.0.1:{taken.getsockname()[1]}")
    node.launch()
    assert node.wait(TIMEOUT) == 5
    assert "cannot publish at tcp://127.0.0.1" in node.log()


@pytest.mark.parametrize(
    "bad", ["127.0.0.1:1", "tcp://localhost:1", "tcp://127.0.0.1", "tcp://*:1", "ipc://x", "ipc:///"]
)
def test_an_address_of_another_form_is_refused(make_node, bad):
    node = make_node(f"--zmqpubrawtx={bad}")
    node.launch()
    assert node.wait(TIMEOUT) == 2
    assert "zmqpubrawtx" in node.log()
