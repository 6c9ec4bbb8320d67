"""Drives an Electrum server with aiorpcX, the library that Electrum and ElectrumX use. Run by Debian's
Python, whose package it is: aiorpcx_client.py PORT HEIGHT. Says "fine" at the end."""

import asyncio
import sys

import aiorpcx

PORT, HEIGHT = int(sys.argv[1]), int(sys.argv[2])


async def expect_error(code, call):
    try:
        answer = await call
    except aiorpcx.RPCError as error:
        assert error.code == code, (error.code, error.message)
    else:
        raise AssertionError(f"expected error {code}, got {answer}")


async def talk(protocol):
    framer = aiorpcx.NewlineFramer(5_000_000)
    seen = []

    class Session(aiorpcx.RPCSession):
        def default_framer(self):
            return framer

        def default_connection(self):
            return aiorpcx.JSONRPCConnection(protocol)

        async def handle_request(self, request):
            seen.append(request)

    async with aiorpcx.connect_rs("127.0.0.1", PORT, session_factory=Session) as session:
        await session.send_request("server.version", ["aiorpcx", ["1.4", "1.6"]])
        tip = await session.send_request("blockchain.headers.subscribe")
        assert tip["height"] == HEIGHT, tip

        # Requests at the same time; their answers find them.
        heights = range(0, HEIGHT, max(1, HEIGHT // 100))
        headers = await asyncio.gather(
            *(session.send_request("blockchain.block.header", [height]) for height in heights)
        )
        assert all(len(header) == 160 for header in headers)
        assert len(set(headers)) == len(headers)

        async with session.send_batch() as batch:
            batch.add_request("server.ping")
            batch.add_request("blockchain.estimatefee", [2])
            batch.add_request("no.such.method")
        assert batch.results[0] is None and batch.results[1] == -1, batch.results
        assert batch.results[2].code == -32601, batch.results

        named = await session.send_request("blockchain.block.header", {"height": 0})
        assert named == headers[0]
        await expect_error(-32601, session.send_request("no.such.method"))
        await expect_error(-32602, session.send_request("blockchain.block.header", ["x"]))
        await expect_error(1, session.send_request("blockchain.block.header", [HEIGHT + 1]))

        # A line of a million and a half is thrown away; the connection goes on.
        await session.transport.write(b"x" * 1_500_000 + b"\n")
        assert await session.send_request("server.ping") is None
        assert not seen


async def main():
    for protocol in (aiorpcx.JSONRPCv1, aiorpcx.JSONRPCv2, aiorpcx.JSONRPCLoose):
        if protocol is not aiorpcx.JSONRPCv1:  # which has no batches and no named parameters
            await talk(protocol)
    framer = aiorpcx.NewlineFramer()

    class OldSession(aiorpcx.RPCSession):
        def default_framer(self):
            return framer

        def default_connection(self):
            return aiorpcx.JSONRPCConnection(aiorpcx.JSONRPCv1)

    async with aiorpcx.connect_rs("127.0.0.1", PORT, session_factory=OldSession) as session:
        await session.send_request("server.version", ["aiorpcx", "1.4"])
        assert await session.send_request("server.ping") is None
        await expect_error(-32601, session.send_request("no.such.method"))
    print("fine")


asyncio.run(main())
