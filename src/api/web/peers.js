// The table of peers: sorted by any column, in either direction, by mouse or keyboard.
import { bytes, element, fill, span, whyButton } from "./page.js";

const since = (seconds) => Date.now() / 1000 - seconds;

const COLUMNS = [
  { name: "Id", value: (p) => p.id, number: true },
  { name: "Address", value: (p) => p.addr },
  { name: "Kind", value: (p) => p.connection_type },
  { name: "Network", value: (p) => p.network === "not_publicly_routable" ? "local" : p.network },
  { name: "Program", value: (p) => p.subver },
  { name: "Since", number: true, value: (p) => -p.conntime, text: (p) => span(since(p.conntime)) },
  { name: "Ping", number: true, value: (p) => p.pingtime ?? Infinity,
    text: (p) => p.pingtime === undefined ? "-" : `${(1000 * p.pingtime).toFixed(1)} ms` },
  { name: "Received", number: true, value: (p) => p.bytesrecv, text: (p) => bytes(p.bytesrecv) },
  { name: "Sent", number: true, value: (p) => p.bytessent, text: (p) => bytes(p.bytessent) },
];

const shape = (column) => column.number ? "number" : "";

export class PeerTable {
  #body = element("tbody");
  #heads = [];
  #column = COLUMNS[0];
  #down = false;
  #peers = [];
  #why;

  /** `why` is called with the peer whose reasons are wanted. */
  constructor(table, why) {
    this.#why = why;
    const row = element("tr");
    for (const column of COLUMNS) {
      const button = element("button", { type: "button" }, column.name);
      const head = element("th", { scope: "col", class: shape(column) }, button);
      button.addEventListener("click", () => this.#sort(column));
      this.#heads.push(head);
      row.append(head);
    }
    row.append(element("th", { scope: "col" }, "Why"));
    table.append(element("thead", {}, row), this.#body);
    this.draw([]);
  }

  #sort(column) {
    this.#down = this.#column === column && !this.#down;
    this.#column = column;
    this.draw(this.#peers);
  }

  #row(peer) {
    const cells = COLUMNS.map((c) => element("td", { class: shape(c) }, String(c.text ? c.text(peer) : c.value(peer))));
    return element("tr", {}, ...cells, element("td", {}, whyButton(peer.addr, () => this.#why(peer))));
  }

  draw(peers) {
    const sign = this.#down ? -1 : 1;
    const value = this.#column.value;
    this.#peers = [...peers].sort((a, b) => sign * (value(a) > value(b) ? 1 : value(a) < value(b) ? -1 : 0));
    COLUMNS.forEach((c, i) =>
      this.#heads[i].setAttribute("aria-sort", c !== this.#column ? "none" : this.#down ? "descending" : "ascending"));
    // Redrawing must not take the focus away from whoever uses the keyboard.
    const focused = [...this.#body.rows].findIndex((r) => r.contains(document.activeElement));
    fill(this.#body, this.#peers.map((peer) => this.#row(peer)));
    this.#body.rows[focused]?.querySelector("button")?.focus();
  }
}
