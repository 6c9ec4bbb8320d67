'use strict';

// Runs bcoin (https://bcoin.io) as a regtest peer for the functional tests:
//
//   node bcoin_node.js MODULES P2P_PORT RPC_PORT PREFIX [ONLY]
//
// MODULES is the node_modules folder that holds bcoin; ONLY is the one peer that it dials. Started by its own program, bcoin asks a
// public name server for its address as soon as it listens. So this file starts it as a library,
// and before that closes every way out of 127.0.0.0/8: no name is resolved, no datagram is sent,
// no connection leaves the machine.

const path = require('path');
const dgram = require('dgram');
const dns = require('dns');
const net = require('net');

// Its JavaScript instead of C++ extensions, which would have to be compiled.
process.env.NODE_BACKEND = 'js';

// A light client (BIP 37) that watches these bytes, in hexadecimal, and prints what it finds.
const watched = process.env.BCOIN_SPV_WATCH;

const [modules, p2pPort, rpcPort, prefix, only] = process.argv.slice(2);

function refuse(what) {
  throw new Error(`the test peer may not use ${what}`);
}

function isLoopback(host) {
  return /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1';
}

function closeNetwork() {
  const connect = net.Socket.prototype.connect;

  net.Socket.prototype.connect = function(...args) {
    const first = Array.isArray(args[0]) ? args[0][0] : args[0];
    const host = typeof first === 'object' ? first.host || first.path : args[1];
    if (!isLoopback(String(host)))
      refuse(`the address ${host}`);
    return connect.apply(this, args);
  };

  // A listener looks up even the address that it is given.
  const lookup = dns.lookup;
  dns.lookup = (host, ...rest) => (isLoopback(host) ? lookup(host, ...rest) : refuse('names'));
  for (const name of ['resolve', 'resolve4', 'resolve6', 'reverse'])
    dns[name] = () => refuse('names');

  dgram.Socket.prototype.send = () => refuse('datagrams');
}

function loadNode() {
  const Pool = require(path.join(modules, 'bcoin/lib/net/pool'));
  Pool.prototype.discoverExternal = async () => {};
  Pool.prototype.discoverGateway = async () => false;
  Pool.prototype.discoverSeeds = async () => {};

  const Node = require(path.join(modules, `bcoin/lib/node/${watched ? 'spvnode' : 'fullnode'}`));
  return new Node({
    network: 'regtest',
    prefix,
    memory: true,
    workers: false,
    logConsole: true,
    logLevel: 'debug',
    listen: !watched,
    host: '127.0.0.1',
    port: Number(p2pPort),
    seeds: [],
    only: only ? [only] : [],
    upnp: false,
    maxInbound: 50,
    httpHost: '127.0.0.1',
    httpPort: Number(rpcPort),
    noAuth: true
  });
}

async function main() {
  closeNetwork();
  const node = loadNode();
  await node.ensure();
  await node.open();
  if (watched) {
    node.pool.watch(Buffer.from(watched, 'hex'));
    node.on('connect', (entry, block) => {
      for (const tx of block.txs)
        console.log(`matched ${entry.height} ${tx.txid()}`);
    });
  }
  await node.connect();
  node.startSync();
  console.log('bcoin_node: ready');
}

process.title = 'bcoin';
process.on('unhandledRejection', (err) => { throw err; });
main().catch((err) => {
  console.error(err.stack);
  process.exit(1);
});
