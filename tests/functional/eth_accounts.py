"""Accounts that sign Ethereum transactions, with the curve and the hash of tests/ethereum/eth_sign."""

import subprocess

import rlp
from node import BINARY

SIGN = BINARY.parent / "tests" / "ethereum" / "eth_sign"

# In the genesis block of go-ethereum's test chains everything belongs to this one.
FAUCET = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
GWEI = 10**9
PLAIN_TRANSFER_GAS = 21000


class Account:
    """A secret, its address, and the nonce of its next transaction."""

    def __init__(self, secret=FAUCET, chain_id=None, nonce=0):
        self.secret = secret
        self.chain_id = chain_id
        self.nonce = nonce
        self.address = self._sign()[0]

    def _sign(self, *payload):
        command = [SIGN, self.secret, *payload]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def _next_nonce(self):
        self.nonce += 1
        return self.nonce - 1

    def legacy(self, to, value, gas_price=10 * GWEI, data=b""):
        """A transfer as of EIP-155, encoded, in hexadecimal."""
        parts = [self._next_nonce(), gas_price, PLAIN_TRANSFER_GAS + 16 * len(data), to, value, data]
        _, _, r, s, parity = self._sign(rlp.encode([*parts, self.chain_id, 0, 0]).hex())
        v = 35 + 2 * self.chain_id + int(parity)
        return "0x" + rlp.encode([*parts, v, int(r, 16), int(s, 16)]).hex()

    def dynamic_fee(self, to, value, max_fee=100 * GWEI, tip=GWEI, data=b""):
        """A transfer as of EIP-1559, encoded, in hexadecimal."""
        gas = PLAIN_TRANSFER_GAS + 16 * len(data)
        parts = [self.chain_id, self._next_nonce(), tip, max_fee, gas, to, value, data, []]
        _, _, r, s, parity = self._sign("02" + rlp.encode(parts).hex())
        return "0x02" + rlp.encode([*parts, int(parity), int(r, 16), int(s, 16)]).hex()

    def hash_of(self, encoded):
        return "0x" + self._sign(encoded.removeprefix("0x"))[1]
