// A discovery node of @ethereumjs/devp2p on loopback:
//
//     node dpt_node.mjs MODULES PORT [ADDRESS UDPPORT]
//
// starts from the node at ADDRESS, if one is given, and prints one line of JSON for each event:
// {"listening": KEY}, {"peer": KEY} when a node enters its table, {"error": TEXT}. A line on
// standard input makes it print {"peers": [KEY...]}. It ends with its input.
import { createRequire } from 'node:module'
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'

const [modules, port, address, udpPort] = process.argv.slice(2)
const { DPT } = createRequire(`${modules}/`)('@ethereumjs/devp2p')

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const say = (event) => console.log(JSON.stringify(event))

const endpoint = { address: '127.0.0.1', udpPort: Number(port), tcpPort: Number(port) }
const dpt = new DPT(randomBytes(32), { endpoint, timeout: 2000, refreshInterval: 10000 })

dpt.events.on('peer:added', (peer) => say({ peer: hex(peer.id) }))
dpt.events.on('error', (error) => say({ error: String(error) }))
dpt.events.on('listening', () => {
  say({ listening: hex(dpt.id) })
  if (address) dpt.bootstrap({ address, udpPort: Number(udpPort), tcpPort: Number(udpPort) })
})
dpt.bind(Number(port), '127.0.0.1')

createInterface({ input: process.stdin })
  .on('line', () => say({ peers: dpt.getPeers().map((peer) => hex(peer.id)) }))
  .on('close', () => process.exit(0))
