// The networks beside Bitcoin, as far as this node runs them.
import { clock, element, fill, number, row, state, whyButton } from "./page.js";

const byId = (id) => document.getElementById(id);

const fromHex = (text) => Number.parseInt(text, 16);

/** One bar a bucket: how many nodes it holds of those that have room in it. */
function drawBuckets(table) {
  const rows = table.buckets.map(({ distance, nodes }) => {
    const svg = element("svg:svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", role: "img",
      "aria-label": `${nodes} of ${table.room}` });
    svg.append(element("svg:rect", { class: "new", width: 100 * nodes / table.room, height: 1 }));
    return element("div", { class: "bar" }, element("span", {}, distance), svg,
      element("span", {}, `${nodes} of ${table.room}`));
  });
  fill(byId("buckets"), [...rows, element("p", { class: "key" },
    `verified nodes: ${number(table.nodes)}; by the number of bits in which ids may differ from ours`)]);
}

/** `info` is null on a node without Ethereum. */
export function drawEthereum(info, peers, head, syncing, why, table, cards) {
  byId("ethereum").hidden = !info;
  if (!info) return;
  const into = peers.filter((p) => p.network.inbound).length;
  const block = fromHex(head);
  cards(byId("eth-cards"), [
    [`network ${info.protocols.eth.network}`,
      ...(peers.length && !syncing && !block ? ["no blocks yet", ""] : state(syncing, peers.length))],
    ["block", number(block)],
    ["header", number(fromHex(syncing ? syncing.highestBlock : head))],
    ["peers in", number(into)],
    ["peers out", number(peers.length - into)],
  ]);
  fill(byId("eth-table").tBodies[0], peers.map((p) => row(p.name, p.network.remoteAddress,
    p.network.inbound ? "in" : "out", p.caps.join(", "),
    [p.network.static && "static", p.network.trusted && "trusted"].filter(Boolean).join(", ") || "-")));
  byId("eth-advice").textContent = why && why.peers === 0 ? why.advice : "";
  if (table) drawBuckets(table);
}

/** `known` is null on a node that does not look at other servers; `why` is called with a server's host. */
export function drawElectrum(known, why) {
  byId("electrum").hidden = !known;
  if (!known) return;
  byId("electrum-table").hidden = !known.servers.length;
  byId("electrum-none").textContent = known.servers.length ? ""
    : "No server is known yet: name one with p2pnode ctl electrum_add_peer \"HOST s50002 t50001\".";
  fill(byId("electrum-table").tBodies[0], known.servers.map((s) =>
    row(s.host, s.status, s.reason || "-", s.server_version || "-", clock(s.last_good), whyButton(s.host, why))));
}
