// A node of @ethereumjs/devp2p that speaks eth/68 over RLPx on loopback, at the beginning of the main
// network's chain (which is Ethereum Classic's, too):
//
//     node eth_node.mjs MODULES PORT
//
// It prints one line of JSON for each event: {"listening": KEY}, {"added": VERSION},
// {"status": [...]}, {"message": [CODE, ...]}, {"removed": REASON, "weDid": BOOLEAN},
// {"error": TEXT}; bytes are hexadecimal. Each line on standard input is a command, a JSON array:
// ["connect", KEY, ADDRESS, PORT], ["status", TOTAL-DIFFICULTY, BEST-HASH], ["raw", CODE, PAYLOAD],
// ["disconnect", REASON]. It ends with its input.
import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'

const [modules, port] = process.argv.slice(2)
const require = createRequire(`${modules}/`)
const { ETH, RLPx } = require('@ethereumjs/devp2p')
const { Common, Hardfork, Mainnet } = require('@ethereumjs/common')
const snappy = require('snappyjs')

const hex = (value) =>
  Array.isArray(value) ? value.map(hex) : Buffer.from(value).toString('hex')
const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'))
const say = (event) => console.log(JSON.stringify(event))

const genesisHash = 'd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3'
const common = new Common({ chain: Mainnet, hardfork: Hardfork.Chainstart })
const rlpx = new RLPx(new Uint8Array(randomBytes(32)), {
  dpt: null,
  maxPeers: 10,
  capabilities: [ETH.eth68, ETH.eth67, ETH.eth66],
  common,
  listenPort: Number(port),
  clientId: new TextEncoder().encode('ejs/1'),
})
let peer = null
let eth = null

rlpx.events.on('peer:added', (added) => {
  peer = added
  eth = peer.getProtocols().find((protocol) => protocol instanceof ETH)
  eth.events.on('status', (status) => say({ status: hex(Object.values(status).filter(Boolean)) }))
  eth.events.on('message', (code, payload) => {
    if (code !== 0) say({ message: [code, hex(payload)] })
  })
  eth.events.on('error', (error) => say({ error: String(error) }))
  say({ added: eth.getVersion() })
})
rlpx.events.on('peer:removed', (_, reason, weDid) => say({ removed: reason, weDid }))
rlpx.events.on('peer:error', (_, error) => say({ error: String(error) }))
rlpx.events.on('error', (error) => say({ error: String(error) }))
rlpx.events.on('listening', () => say({ listening: hex(rlpx.id) }))
rlpx.listen(Number(port), '127.0.0.1')

const commands = {
  connect: (key, address, tcpPort) =>
    rlpx
      .connect({ id: bytes(key), address, tcpPort, udpPort: tcpPort })
      .catch((error) => say({ error: String(error) })),
  status: (td, bestHash) =>
    eth.sendStatus({ td: bytes(td), bestHash: bytes(bestHash), genesisHash: bytes(genesisHash) }),
  raw: (code, payload) => eth._send(code, snappy.compress(bytes(payload))),
  disconnect: (reason) => peer.disconnect(reason),
}
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [name, ...rest] = JSON.parse(line)
    commands[name](...rest)
  })
  .on('close', () => process.exit(0))
