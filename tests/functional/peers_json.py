"""The address book on disk, as btcd writes it: for nodes that are to know addresses from the start."""

import json
import time

SOURCE = "250.1.1.1:8333"


def peers_file(addresses, services):
    """The text of a file in which all addresses are in the new table, heard of an hour ago."""
    known = [
        {
            "Addr": address,
            "Src": SOURCE,
            "Attempts": 0,
            "TimeStamp": int(time.time()) - 3600,
            "LastAttempt": 0,
            "LastSuccess": 0,
            "Services": services,
            "SrcServices": services,
        }
        for address in addresses
    ]
    buckets = [[] for _ in range(1024)]
    for i, address in enumerate(addresses):
        buckets[i % 64].append(address)
    return json.dumps(
        {
            "Version": 2,
            "Key": [7] * 32,
            "Addresses": known,
            "NewBuckets": buckets,
            "TriedBuckets": [[] for _ in range(64)],
        }
    )
