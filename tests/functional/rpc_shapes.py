"""Fields and types of answers, as the reference of Bitcoin Core's JSON-RPC has them."""

NUMBER = (int, float)

# Those in the second set of each pair may be absent there, too.
PEER = {
    "id": int,
    "addr": str,
    "network": str,
    "services": str,
    "servicesnames": list,
    "relaytxes": bool,
    "lastsend": int,
    "lastrecv": int,
    "last_transaction": int,
    "last_block": int,
    "bytessent": int,
    "bytesrecv": int,
    "conntime": int,
    "timeoffset": int,
    "version": int,
    "subver": str,
    "inbound": bool,
    "bip152_hb_to": bool,
    "bip152_hb_from": bool,
    "startingheight": int,
    "presynced_headers": int,
    "synced_headers": int,
    "synced_blocks": int,
    "inflight": list,
    "addr_relay_enabled": bool,
    "addr_processed": int,
    "addr_rate_limited": int,
    "permissions": list,
    "minfeefilter": NUMBER,
    "bytessent_per_msg": dict,
    "bytesrecv_per_msg": dict,
    "connection_type": str,
    "transport_protocol_type": str,
    "session_id": str,
}
PEER_OPTIONAL = {
    "addrlocal": str,
    "mapped_as": int,
    "pingtime": NUMBER,
    "minping": NUMBER,
    "pingwait": NUMBER,
}
NETWORK = {
    "version": int,
    "subversion": str,
    "protocolversion": int,
    "localservices": str,
    "localservicesnames": list,
    "localrelay": bool,
    "timeoffset": int,
    "networkactive": bool,
    "connections": int,
    "connections_in": int,
    "connections_out": int,
    "networks": list,
    "relayfee": NUMBER,
    "incrementalfee": NUMBER,
    "localaddresses": list,
    "warnings": list,
}
KIND_OF_NETWORK = {
    "name": str,
    "limited": bool,
    "reachable": bool,
    "proxy": str,
    "proxy_randomize_credentials": bool,
}
LOCAL_ADDRESS = {"address": str, "port": int, "score": int}
CHAIN = {
    "chain": str,
    "blocks": int,
    "headers": int,
    "bestblockhash": str,
    "bits": str,
    "target": str,
    "difficulty": NUMBER,
    "time": int,
    "mediantime": int,
    "verificationprogress": NUMBER,
    "initialblockdownload": bool,
    "chainwork": str,
    "size_on_disk": int,
    "pruned": bool,
    "pruneheight": int,
    "automatic_pruning": bool,
    "warnings": list,
}
HEADER = {
    "hash": str,
    "confirmations": int,
    "height": int,
    "version": int,
    "versionHex": str,
    "merkleroot": str,
    "time": int,
    "mediantime": int,
    "nonce": int,
    "bits": str,
    "target": str,
    "difficulty": NUMBER,
    "chainwork": str,
    "nTx": int,
}
NEIGHBOURS = {"previousblockhash": str, "nextblockhash": str}
BLOCK = HEADER | {"strippedsize": int, "size": int, "weight": int, "tx": list}
TOTALS = {"totalbytesrecv": int, "totalbytessent": int, "timemillis": int, "uploadtarget": dict}
UPLOAD_TARGET = {
    "timeframe": int,
    "target": int,
    "target_reached": bool,
    "serve_historical_blocks": bool,
    "bytes_left_in_cycle": int,
    "time_left_in_cycle": int,
}
ADDED_NODE = {"addednode": str, "connected": bool, "addresses": list}
BAN = {
    "address": str,
    "ban_created": int,
    "banned_until": int,
    "ban_duration": int,
    "time_remaining": int,
}
KNOWN_ADDRESS = {"time": int, "services": int, "address": str, "port": int, "network": str}
TIP = {"height": int, "hash": str, "branchlen": int, "status": str}
# What a node without coins cannot say is not there: the sum of the fees.
POOL = {
    "loaded": bool,
    "size": int,
    "bytes": int,
    "usage": int,
    "maxmempool": int,
    "mempoolminfee": NUMBER,
    "minrelaytxfee": NUMBER,
    "incrementalrelayfee": NUMBER,
    "unbroadcastcount": int,
    "fullrbf": bool,
}


def assert_shape(value, required, optional=None):
    """The fields are those and no others, and of these types: a bool is no number."""
    optional = optional or {}
    assert set(required) <= set(value), f"missing: {set(required) - set(value)}"
    assert set(value) <= set(required) | set(optional), f"unknown: {set(value) - set(required)}"
    for name, content in value.items():
        kind = required.get(name) or optional[name]
        assert isinstance(content, kind), (name, content)
        assert kind is bool or not isinstance(content, bool), (name, content)
