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

// Calls `heard` with each piece of text. Throws a Refused if there is no reply.
export async function rpc(address, operation, timeout, heard, signal) {
  const answer = await fetch(`${address}?timeout=${timeout}`, {
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
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    heard(decoder.decode(value, { stream: true }), value);
  }
  heard(decoder.decode(), new Uint8Array());
}

// Hands the browser a file.
export function save(name, parts, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
