// The dashboard: asks the node every two seconds by JSON-RPC, follows its events, and draws.
// Everything that comes from the node is put into the page as text, never as markup.
import { ask, askIfThere, at, counters } from "./rpc.js";
import { drawElectrum, drawEthereum } from "./networks.js";
import { Plots } from "./plots.js";
import { PeerTable } from "./peers.js";
import { bytes, clock, element, fill, number, row, span, state } from "./page.js";

const EVERY_MS = 2000;
const EVENTS_MAX = 200;

const byId = (id) => document.getElementById(id);
const plots = new Plots(byId("plots"));
const peerTable = new PeerTable(byId("peer-table"), (peer) => showWhy(peer.addr, { kind: peer.connection_type }));

function cards(holder, pairs) {
  fill(holder, pairs.map(([name, value, kind]) =>
    element("div", { class: "card" }, element("b", { class: kind || "" }, value), element("span", {}, name))));
}

function drawNetworks(chain, net, totals, uptime) {
  byId("agent").textContent = `${net.subversion}, up for ${span(uptime)}`;
  cards(byId("networks"), [
    [`Bitcoin, ${chain.chain}`, ...state(chain.initialblockdownload, net.connections)],
    ["height", number(chain.headers)],
    ["last block", clock(chain.time)],
    ["peers in", number(net.connections_in)],
    ["peers out", number(net.connections_out)],
    ["received", bytes(totals.totalbytesrecv)],
    ["sent", bytes(totals.totalbytessent)],
  ]);
}

// One bar a network: how much of the whole book it holds, new and tried.
function drawBook(info) {
  const most = Math.max(1, info.all_networks.total);
  const rows = Object.entries(info).map(([name, n]) => {
    const svg = element("svg:svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", role: "img",
      "aria-label": `${n.tried} tried, ${n.new} new` });
    svg.append(
      element("svg:rect", { class: "tried", width: 100 * n.tried / most, height: 1 }),
      element("svg:rect", { class: "new", x: 100 * n.tried / most, width: 100 * n.new / most, height: 1 }));
    return element("div", { class: "bar" }, element("span", {}, name.replace("_", " ")), svg,
      element("span", {}, `${number(n.tried)} + ${number(n.new)}`));
  });
  fill(byId("book"), [...rows, element("p", { class: "key" }, "answered before (tried) + heard of (new)")]);
}

function drawReasons(why) {
  cards(byId("funnel"), Object.entries(why.funnel).map(([name, n]) => [name.replace("_", " "), number(n)]));
  byId("advice").textContent = why.peers > 0 ? "" : why.advice;
  const rows = why.reasons.sort((a, b) => b.count - a.count).slice(0, 100);
  byId("reason-table").hidden = !rows.length;
  fill(byId("reason-table").tBodies[0], rows.map((r) => row(r.event, r.reason || "-", number(r.count))));
}

function drawInside(metrics) {
  const channels = new Map();
  for (const [name, key] of [["depth", 0], ["capacity", 1], ["send_blocked_seconds_total", 2], ["dropped_total", 3]])
    for (const { labels, value } of metrics.get(`p2pnode_channel_${name}`) || []) {
      if (!channels.has(labels.channel)) channels.set(labels.channel, [0, 0, 0, 0]);
      channels.get(labels.channel)[key] += value;
    }
  fill(byId("channel-table").tBodies[0], [...channels].sort().map(([name, v]) =>
    row(name, number(v[0]), number(v[1]), v[2].toFixed(1), number(v[3]))));
  const threads = (metrics.get("p2pnode_threads") || []).filter((t) => t.value > 0);
  fill(byId("thread-table").tBodies[0], threads.map((t) => row(t.labels.role, number(t.value))));
}

function median(values) {
  const sorted = values.filter((v) => v !== undefined).sort((a, b) => a - b);
  return sorted.length ? sorted[sorted.length >> 1] : null;
}

let last = null;
function plot(chain, net, totals, peers) {
  const now = { time: totals.timemillis / 1000, received: totals.totalbytesrecv, sent: totals.totalbytessent };
  const seconds = last ? Math.max(now.time - last.time, 0.001) : 1;
  plots.add(now.time, {
    in: net.connections_in, out: net.connections_out,
    received: last ? (now.received - last.received) / seconds : null,
    sent: last ? (now.sent - last.sent) / seconds : null,
    ping: median(peers.map((p) => p.pingtime === undefined ? undefined : 1000 * p.pingtime)),
    height: chain.headers,
  });
  last = now;
}

async function refresh() {
  const [chain, net, totals, peers, book, why, uptime] = await ask(
    ["getblockchaininfo"], ["getnetworkinfo"], ["getnettotals"], ["getpeerinfo"], ["getaddrmaninfo"],
    ["explain"], ["uptime"]);
  drawNetworks(chain, net, totals, uptime);
  byId("peer-count").textContent = `(${peers.length})`;
  byId("peer-table").hidden = !peers.length;
  peerTable.draw(peers);
  drawBook(book);
  drawReasons(why);
  plot(chain, net, totals, peers);
  const [info, nodes, head, syncing, ethWhy, table, servers] = await askIfThere(
    ["admin_nodeInfo"], ["admin_peers"], ["eth_blockNumber"], ["eth_syncing"], ["explain", "ethereum"],
    ["admin_discoveryTable"], ["getelectrumservers"]);
  drawEthereum(info, nodes, head, syncing, ethWhy, table, cards);
  drawElectrum(servers, showWhy);
  drawInside(await counters());
}

function showEvent(event) {
  const body = byId("event-table").tBodies[0];
  byId("events-none").textContent = "";
  const about = element("td", { class: "wide" }, event.subject);
  const reason = [event.reason, event.detail].filter(Boolean).join(": ");
  body.prepend(element("tr", {}, element("td", {}, clock(event.time)), element("td", {}, event.event), about,
    element("td", { class: "wide" }, event.count > 1 ? `${reason} (${event.count} times)` : reason)));
  while (body.rows.length > EVENTS_MAX) body.lastChild.remove();
}

/** What is decided about an address or an Electrum server, and what happened to it. */
async function showWhy(subject, besides) {
  const [why] = await ask(["explain", subject]);
  byId("why-title").textContent = subject;
  const known = Object.entries({ ...why.now, ...why.electrum_server, ...besides }).filter(([, v]) => v !== "");
  fill(byId("why-now"), known.map(([k, v]) =>
    element("div", {}, `${k.replaceAll("_", " ")}: ${k.startsWith("last_") && Number.isInteger(v) ? clock(v) : v}`)));
  fill(byId("why-history"), why.history.map((r) =>
    row(clock(r.time), r.event, r.reason || "-", r.detail || "")));
  byId("why").showModal();
}

async function follow() {
  const [recent] = await ask(["journal", 50]);
  recent.reverse().forEach(showEvent);
  const source = new EventSource(at("events"));
  source.onmessage = (e) => showEvent(JSON.parse(e.data));
  source.addEventListener("lost", (e) =>
    showEvent({ time: Date.now() / 1000, event: "lost", subject: "", reason: `${JSON.parse(e.data).count} events` }));
}

async function run() {
  const status = byId("status");
  for (;;) {
    try {
      await refresh();
      status.textContent = "live";
      status.className = "good";
    } catch (error) {
      status.textContent = `no answer: ${error.message}`;
      status.className = "bad";
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

follow().catch((error) => { byId("status").textContent = error.message; });
run();
