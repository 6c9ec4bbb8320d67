// Making elements, and numbers that people can read.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; texts stay texts. "svg:rect" is one of SVG. */
export function element(name, attributes = {}, ...children) {
  const made = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function fill(holder, children) {
  holder.replaceChildren(...children);
}

/** A row of a table, a cell for each text. */
export function row(...texts) {
  return element("tr", {}, ...texts.map((text) => element("td", {}, text)));
}

/** How a network is doing, and the class that shows it. */
export function state(syncing, peers) {
  if (!peers) return ["no peers", "bad"];
  return syncing ? ["syncing", ""] : ["in sync", "good"];
}

/** The button that asks why things are with `subject` as they are. */
export function whyButton(subject, ask) {
  const button = element("button", { type: "button", class: "why", "aria-label": `Why ${subject}` }, "?");
  button.addEventListener("click", () => ask(subject));
  return button;
}

export const number = (n) => n.toLocaleString("en");

export function bytes(n) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (n >= 1000 && unit < units.length - 1) { n /= 1000; unit++; }
  return `${unit && n < 100 ? n.toFixed(1) : Math.round(n)} ${units[unit]}`;
}

export function clock(seconds) {
  if (!seconds) return "never";
  const then = new Date(1000 * seconds);
  const today = then.toDateString() === new Date().toDateString();
  return today ? then.toLocaleTimeString("en-GB") : then.toLocaleDateString("sv-SE"); // 2011-02-02
}

export function span(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}
