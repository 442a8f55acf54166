// Runs an RPC by the gateway's API, and hands out the reply as it comes.

const csrf = () => document.querySelector('meta[name="csrf"]').content;

export function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

// What the gateway or the device has against it.
export class Refused extends Error {
  constructor(title, hint) {
    super(title);
    this.hint = hint ?? "";
  }
}

// The reply began and is not whole.
export class BrokenOff extends Refused {
  constructor({ code, title, hint }) {
    super(title, hint);
    this.code = code;
  }
}

const LOST = { code: "connection-lost", title: "the gateway is gone, or the way to it; the device may have carried it out" };

// Calls `heard` with each piece of text. Throws a Refused if there is no reply, a BrokenOff if it is not whole.
export async function rpc(address, operation, timeout, heard, signal) {
  const answer = await fetch(`${address}?timeout=${timeout}&outcome=body`, {
    method: "POST",
    headers: { "content-type": "application/xml", "x-csrf-token": csrf() },
    body: operation,
    signal,
  });
  if (!answer.ok) {
    let problem = {};
    try {
      problem = await answer.json();
    } catch {
      problem = { title: `the gateway answered ${answer.status}` };
    }
    throw new Refused(problem.title, problem.hint);
  }
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  // Behind the reply: how it ended.
  let outcome = null;
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new BrokenOff(LOST);
    }
    if (piece.done) break;
    let bytes = piece.value;
    if (outcome === null) {
      const end = bytes.indexOf(0);
      const reply = end < 0 ? bytes : bytes.subarray(0, end);
      heard(decoder.decode(reply, { stream: true }), reply);
      if (end < 0) continue;
      outcome = "";
      bytes = bytes.subarray(end + 1);
    }
    outcome += String.fromCharCode(...bytes);
  }
  heard(decoder.decode(), new Uint8Array());
  if (outcome === null) throw new BrokenOff(LOST);
  const { result, problem } = JSON.parse(outcome);
  if (result === "failed") throw new BrokenOff(problem);
}

// Hands the browser a file.
export function save(name, parts, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
