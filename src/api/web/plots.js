// Plots over the last ten minutes, drawn by uPlot.
/* global uPlot */
import { bytes, number } from "./page.js";

const SAMPLES = 300;
const SPAN_S = 600;

const PLOTS = [
  { title: "Peers", series: [["in", "inbound"], ["out", "outbound"]], text: number, least: 4 },
  { title: "Traffic", series: [["received", "received"], ["sent", "sent"]], text: (v) => `${bytes(v)}/s`, least: 1000 },
  { title: "Ping, median", series: [["ping", "ping"]], text: (v) => `${v.toFixed(1)} ms`, least: 1, parts: true },
  { title: "Height", series: [["height", "height"]], text: number },
];

/* Steps of an axis: 1, 2, 5, 10, ...; of what is counted there are no halves. */
const STEPS = [...Array(13).keys()].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));

/** With `least` an axis begins at zero and goes at least as far as that; else it frames the values. */
function range({ least }, min, max) {
  if (least) return [0, Math.max(1.1 * max, least)];
  return [Math.max(0, Math.min(min, max - 1)), max + Math.max((max - min) / 10, 1)];
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(plot, width) {
  const axis = { stroke: () => colour("--soft"), grid: { stroke: () => colour("--line") } };
  const strokes = ["--accent", "--second"];
  /* The legend is written once, so that its colours are left to the style sheet. */
  const markers = { stroke: (self, i) => `var(${strokes[i - 1]})` };
  const text = (self, value) => value === null || value === undefined ? "-" : plot.text(value);
  return {
    title: plot.title, width, height: 180, cursor: { y: false }, legend: { markers },
    scales: {
      x: { range: (self, min, max) => [max - SPAN_S, max] },
      y: { range: (self, min, max) => range(plot, min, max) },
    },
    axes: [{ ...axis, space: 80, values: "{HH}:{mm}" }, { ...axis, size: 70,
      incrs: plot.parts ? [0.1, 0.2, 0.5, ...STEPS] : STEPS, values: (self, ticks) => ticks.map((t) => plot.text(t)) }],
    series: [{ value: "{HH}:{mm}:{ss}" }, ...plot.series.map(([, label], i) =>
      ({ label, stroke: () => colour(strokes[i]), width: 2, value: text }))],
  };
}

export class Plots {
  #times = [];
  #values = {};
  #drawn = [];

  constructor(holder) {
    for (const plot of PLOTS) {
      const box = document.createElement("div");
      holder.append(box);
      for (const [key] of plot.series) this.#values[key] = [];
      const drawn = new uPlot(options(plot, box.clientWidth || 320), [[], ...plot.series.map(() => [])], box);
      new ResizeObserver(() => drawn.setSize({ width: box.clientWidth, height: 180 })).observe(box);
      this.#drawn.push({ plot, drawn });
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
      this.#drawn.forEach(({ drawn }) => drawn.redraw()));
  }

  /** One sample of every series; null where there is none. */
  add(time, sample) {
    this.#times.push(time);
    for (const key of Object.keys(this.#values)) this.#values[key].push(sample[key] ?? null);
    if (this.#times.length > SAMPLES)
      [this.#times, ...Object.values(this.#values)].forEach((list) => list.shift());
    for (const { plot, drawn } of this.#drawn)
      drawn.setData([this.#times, ...plot.series.map(([key]) => this.#values[key])]);
  }
}
