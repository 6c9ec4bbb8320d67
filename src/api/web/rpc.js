// Calls to the node: a batch of JSON-RPC, and its metrics as numbers.

/** An address on this server, without the credential that the page's own may carry. */
export const at = (path) => `${location.origin}/${path}`;

async function post(calls) {
  const body = calls.map(([method, ...params], id) => ({ jsonrpc: "2.0", method, params, id }));
  const reply = await fetch(at(""), { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return reply.json();
}

/** Each call is [method, parameter...]; the results, in order. */
export async function ask(...calls) {
  return (await post(calls)).map((answer) => {
    if (answer.error) throw new Error(answer.error.message);
    return answer.result;
  });
}

/** The same for calls that not every node has, such as those of a network that it does not run: null
 *  stands for the result of one that it has not. */
export async function askIfThere(...calls) {
  return (await post(calls)).map((answer) => answer.error ? null : answer.result);
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The metrics: from the name of a family to its samples. */
export async function counters() {
  const families = new Map();
  for (const line of (await (await fetch(at("metrics"))).text()).split("\n")) {
    const match = SAMPLE.exec(line);
    if (!match) continue;
    const labels = Object.fromEntries([...(match[2] || "").matchAll(LABEL)].map((m) => [m[1], m[2]]));
    if (!families.has(match[1])) families.set(match[1], []);
    families.get(match[1]).push({ labels, value: Number(match[3]) });
  }
  return families;
}
