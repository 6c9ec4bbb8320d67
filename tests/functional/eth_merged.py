"""go-ethereum v1.16.7 on a private network that is beyond the merge from its genesis on.

Such a geth makes a block when a consensus client tells it to, over its engine API; here this module
is that client. scripts/test installs geth outside the tree and names the folder in P2PNODE_TEST_PEERS.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
import urllib.request

from eth_accounts import Account
from eth_peers import GethProcess
from foreign import PEERS
from process import LOOPBACK

VERSION = "v1.16.7"
GETH = PEERS / "bin" / f"geth-{VERSION}"
NETWORK_ID = 71337
BEGAN = 1_700_000_000
SLOT_SECONDS = 12
PRAGUE_BLOCK, OSAKA_BLOCK = 20, 40  # so that headers of three forms are in every chain
ZERO_HASH = "0x" + "00" * 32
FEE_RECIPIENT = "0x" + "fe" * 20


def missing():
    """What of it is not installed; None when all is there."""
    return None if GETH.is_file() else f"{GETH} is missing; scripts/test installs it"


def _time_of(number):
    return BEGAN + number * SLOT_SECONDS


def genesis():
    """A genesis file; everything belongs to the faucet of eth_accounts."""
    at_once = [
        *("homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople"),
        *("petersburg", "istanbul", "berlin", "london"),
    ]
    blobs = {"target": 6, "max": 9, "baseFeeUpdateFraction": 5007716}
    config = {
        "chainId": NETWORK_ID,
        **{f"{fork}Block": 0 for fork in at_once},
        "terminalTotalDifficulty": 0,
        "terminalTotalDifficultyPassed": True,
        "shanghaiTime": 0,
        "cancunTime": 0,
        "pragueTime": _time_of(PRAGUE_BLOCK),
        "osakaTime": _time_of(OSAKA_BLOCK),
        "blobSchedule": {
            "cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3338477},
            "prague": blobs,
            "osaka": blobs,
        },
    }
    return {
        "config": config,
        "timestamp": hex(BEGAN),
        "gasLimit": hex(30_000_000),
        "baseFeePerGas": hex(10**9),
        "difficulty": "0x0",
        "alloc": {Account().address: {"balance": hex(2**100)}},
    }


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class MergedGeth(GethProcess):
    """A geth on loopback that nobody tells about other nodes, and its consensus client."""

    program = GETH
    network_id = NETWORK_ID

    def __init__(self, folder):
        folder.mkdir(parents=True)
        self.secret = secrets.token_bytes(32)
        self.payload = None  # of the head, as newPayload wants it
        (folder / "secret").write_text(self.secret.hex(), encoding="ascii")
        (folder / "genesis.json").write_text(json.dumps(genesis()), encoding="ascii")
        secret = f"--authrpc.jwtsecret={folder / 'secret'}"
        super().__init__(folder, folder / "genesis.json", [secret])

    # --- the engine API ---

    def _token(self):
        head = _base64url(b'{"alg":"HS256","typ":"JWT"}')
        claims = _base64url(json.dumps({"iat": int(time.time())}).encode())
        seal = hmac.digest(self.secret, f"{head}.{claims}".encode(), hashlib.sha256)
        return f"{head}.{claims}.{_base64url(seal)}"

    def engine(self, method, *parameters):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.engine_port}/", json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self._token()}")
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer = json.load(reply)
        assert "error" not in answer, f"{method}: {answer}"
        return answer["result"]

    def choose_head(self, block_hash, attributes=None):
        """Tells geth which block is the head; returns the answer."""
        state = {
            "headBlockHash": block_hash,
            "safeBlockHash": ZERO_HASH,
            "finalizedBlockHash": ZERO_HASH,
        }
        return self.engine("engine_forkchoiceUpdatedV3", state, attributes)

    def take_payload(self, payload):
        """Gives geth a block, as payload of another; returns its word on it."""
        version = 3 if payload["number"] < PRAGUE_BLOCK else 4
        answer = self.engine(f"engine_newPayloadV{version}", *payload["parameters"])
        return answer["status"]

    def make_block(self):
        """One block on top of the head, with what the pool has ready; returns its number."""
        head = self.rpc("eth_getBlockByNumber", "latest", False)
        number = int(head["number"], 16) + 1
        attributes = {
            "timestamp": hex(_time_of(number)),
            "prevRandao": ZERO_HASH,
            "suggestedFeeRecipient": FEE_RECIPIENT,
            "withdrawals": [],
            "parentBeaconBlockRoot": ZERO_HASH,
        }
        answer = self.choose_head(head["hash"], attributes)
        version = 3 if number < PRAGUE_BLOCK else 4 if number < OSAKA_BLOCK else 5
        made = self.engine(f"engine_getPayloadV{version}", answer["payloadId"])
        requests = [] if number < PRAGUE_BLOCK else [made["executionRequests"]]
        block = made["executionPayload"]
        payload = {"number": number, "parameters": [block, [], ZERO_HASH, *requests]}
        assert self.take_payload(payload) == "VALID"
        assert self.choose_head(block["blockHash"])["payloadStatus"]["status"] == "VALID"
        self.payload = payload
        return number

    def head_hash(self):
        return self.rpc("eth_getBlockByNumber", "latest", False)["hash"]
