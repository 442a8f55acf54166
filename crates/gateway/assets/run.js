// Run: a command or an RPC, its reply as it comes.
//
//   "show system uptime"           ──▶ <command format="text">…</command>      the reply's text
//   "get-interface-information terse" ──▶ <get-interface-information><terse/>…  a tree that folds
//   "<get-config>…"                ──▶ as it is
import { Cutter, XmlTree, drawJson } from "./tree.js";
import { BrokenOff, Refused, escaped, rpc, save } from "./rpc.js";

const MOST_KEPT = 64 * 1024 * 1024;
const MOST_PAST = 50;
const TEXTS = new Set(["output", "configuration-text", "configuration-set", "configuration-information", "json"]);

const form = document.getElementById("run");
const field = document.getElementById("run-text");
const kindBadge = document.getElementById("run-kind");
const go = document.getElementById("run-go");
const stop = document.getElementById("run-stop");
const state = document.getElementById("run-state");
const errorBox = document.getElementById("run-error");
const place = document.getElementById("run-reply");
const viewButton = document.getElementById("run-view");
const foldButton = document.getElementById("run-fold");
const saveButton = document.getElementById("run-save");
const copyBox = document.getElementById("run-copy");
const pastPanel = document.getElementById("run-past-panel");
const pastList = document.getElementById("run-past");
const device = form.dataset.device;
const kept = `homing-run ${form.dataset.operator} ${device}`;

let running = null;
let at = -1;
let reply = null;

// What was typed, as kind and operation; an Error says what is wrong with it.
function read(text) {
  const words = text.trim();
  if (!words) throw new Error("nothing to run");
  if (words.startsWith("<")) return { kind: "XML", xml: words };
  const [name, ...rest] = words.split(/\s+/);
  const isName = /^[A-Za-z_][\w.]*(-[\w.]+)+$/.test(name) || (name === "get" && rest.length === 0);
  if (!isName) return { kind: "command", xml: `<command format="text">${escaped(words)}</command>` };
  let inside = "";
  for (const word of rest) {
    const [key, ...value] = word.split("=");
    if (!/^[A-Za-z_][\w.-]*$/.test(key)) throw new Error(`${key} is no name of an argument: write name=value`);
    inside += value.length ? `<${key}>${escaped(value.join("="))}</${key}>` : `<${key}/>`;
  }
  return { kind: "RPC", name, rest, xml: inside ? `<${name}>${inside}</${name}>` : `<${name}/>` };
}

function showKind() {
  let kind = "command";
  try {
    kind = read(field.value).kind;
  } catch {
    kind = field.value.trim() ? "?" : "command";
  }
  kindBadge.textContent = kind;
  field.rows = Math.min(12, field.value.split("\n").length);
}

// A sink that draws the tree and keeps the words of elements that hold plain text.
class Reply {
  constructor(tree) {
    this.tree = tree;
    this.inText = 0;
    this.errors = [];
    this.path = [];
  }

  open(name, head) {
    this.path.push(name);
    if (TEXTS.has(name)) this.inText += 1;
    if (name === "rpc-error") this.errors.push({ message: "", severity: "error", tag: "" });
    this.tree.open(name, head);
  }

  text(words) {
    const error = this.errors[this.errors.length - 1];
    const name = this.path[this.path.length - 1];
    if (error && name === "error-message") error.message += words;
    if (error && name === "error-severity") error.severity = words.trim();
    if (error && name === "error-tag") error.tag = words.trim();
    if (this.inText > 0) this.heard(words);
    this.tree.text(words);
  }

  close(name) {
    if (TEXTS.has(name)) this.inText -= 1;
    this.path.pop();
    this.tree.close(name);
  }

  heard(words) {
    this.words = (this.words ?? "") + words;
    if (!this.pre) {
      this.pre = document.createElement("pre");
      place.append(this.pre);
      show("text");
    }
    this.pre.append(words);
  }
}

function show(view) {
  place.dataset.view = view;
  viewButton.textContent = view === "text" ? "As XML" : "As text";
  foldButton.hidden = view === "text";
  for (const child of place.children) child.hidden = (child.tagName === "PRE") !== (view === "text");
}

function fail(title, hint) {
  errorBox.replaceChildren(title);
  if (hint) {
    const code = document.createElement("code");
    code.textContent = hint;
    errorBox.append(" ", code);
  }
  errorBox.hidden = false;
}

async function run() {
  let asked;
  try {
    asked = read(field.value);
  } catch (error) {
    fail(error.message);
    return;
  }
  if (running) return;
  remember(field.value.trim());
  running = new AbortController();
  [go.disabled, stop.hidden, errorBox.hidden] = [true, false, true];
  place.replaceChildren();
  const trunk = document.createElement("div");
  trunk.className = "tree";
  place.append(trunk);
  reply = { pieces: [], bytes: 0, name: asked.kind };
  show("tree");
  [viewButton.hidden, foldButton.hidden, saveButton.hidden] = [true, true, true];
  const sink = new Reply(new XmlTree(trunk));
  const cutter = new Cutter(sink);
  const began = performance.now();
  const tell = (words) => {
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    state.textContent = `${words} · ${reply.bytes.toLocaleString("en")} bytes · ${seconds} s`;
  };
  state.textContent = "running …";
  try {
    const timeout = document.getElementById("run-timeout").value;
    await rpc(form.dataset.rpc, asked.xml, timeout, (text, bytes) => {
      reply.bytes += bytes.length;
      if (reply.bytes <= MOST_KEPT) reply.pieces.push(bytes);
      cutter.feed(text);
      tell("running");
    }, running.signal);
    tell("done");
    finish(sink, trunk);
  } catch (error) {
    if (error.name === "AbortError") tell("stopped; the device may still work on it");
    else if (error instanceof BrokenOff) {
      tell(`broken off: ${error.code}`);
      fail(`The reply is not whole: ${error.message}.`, error.hint);
    } else if (error instanceof Refused) {
      state.textContent = "not run";
      fail(error.message, error.hint);
    } else {
      tell("broken off");
      fail("The reply broke off: the device or the gateway is gone, or the time is over. It may have been carried out.");
    }
  } finally {
    running = null;
    [go.disabled, stop.hidden] = [false, true];
    saveButton.hidden = reply.bytes === 0;
    viewButton.hidden = !sink.pre;
    foldButton.hidden = place.dataset.view === "text";
  }
}

function finish(sink, trunk) {
  const bad = sink.errors.filter((error) => error.severity !== "warning");
  if (bad.length) fail(bad.map((error) => error.message.trim() || error.tag).join("; "));
  if (reply.bytes > MOST_KEPT) state.textContent += " · too long to be kept: homing rpc writes it to a file";
  const words = (sink.words ?? "").trim();
  if (/^[[{]/.test(words) && words.length < 4 * 1024 * 1024) {
    try {
      const value = JSON.parse(words);
      trunk.replaceChildren();
      drawJson(trunk, value);
      show("tree");
    } catch {
      // it only looked like JSON
    }
  }
}

function past() {
  try {
    return JSON.parse(sessionStorage.getItem(kept)) ?? [];
  } catch {
    return [];
  }
}

function remember(text) {
  const all = [text, ...past().filter((one) => one !== text)].slice(0, MOST_PAST);
  sessionStorage.setItem(kept, JSON.stringify(all));
  at = -1;
  drawPast();
}

function drawPast() {
  const all = past();
  pastPanel.hidden = all.length === 0;
  pastList.replaceChildren(...all.slice(0, 12).map((text) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain mono";
    button.textContent = text;
    button.addEventListener("click", () => {
      field.value = text;
      showKind();
      field.focus();
    });
    item.append(button);
    return item;
  }));
}

const shell = (text) => `'${text.replace(/'/g, "'\\''")}'`;

const WAYS = {
  homing({ kind, name, rest, xml }) {
    if (kind === "command") return `homing cli ${device} ${shell(field.value.trim())}`;
    if (kind === "XML") return `homing rpc ${device} ${shell(xml)}`;
    return [`homing rpc ${device} ${name}`, ...rest.map((word) => `--arg ${shell(word)}`)].join(" ");
  },
  curl({ xml }) {
    const address = location.origin + form.dataset.rpc;
    return `curl --fail-with-body -H "Authorization: Bearer $HOMING_TOKEN" \\\n  -H 'Content-Type: application/xml' --data-binary ${shell(xml)} \\\n  ${shell(address)}`;
  },
  pyez({ kind, xml }) {
    const target = `host=${JSON.stringify(location.hostname)}, port=${form.dataset.door || 2022}, user=${JSON.stringify(`${form.dataset.operator}:${device}`)}`;
    const act = kind === "command"
      ? `print(dev.cli(${JSON.stringify(field.value.trim())}, warning=False))`
      : `print(etree.tostring(dev.execute(${JSON.stringify(xml)}), encoding="unicode"))`;
    const imports = kind === "command" ? "" : "from lxml import etree\n";
    return `${imports}from jnpr.junos import Device\n\nwith Device(${target}) as dev:\n    ${act}`;
  },
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
stop.addEventListener("click", () => running?.abort());
field.addEventListener("input", showKind);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    run();
  }
  const isOneLine = !field.value.includes("\n");
  if (isOneLine && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const all = past();
    const next = event.key === "ArrowUp" ? at + 1 : at - 1;
    if (next >= -1 && next < all.length) {
      at = next;
      field.value = all[at] ?? "";
      showKind();
      event.preventDefault();
    }
  }
});
viewButton.addEventListener("click", () => show(place.dataset.view === "text" ? "tree" : "text"));
foldButton.addEventListener("click", () => {
  const all = [...place.querySelectorAll("details")].slice(1);
  const isOpen = all.some((one) => one.open);
  for (const one of all) one.open = !isOpen;
  foldButton.textContent = isOpen ? "Unfold all" : "Fold all";
});
saveButton.addEventListener("click", () => save(`${device}-reply.xml`, reply.pieces, "application/xml"));
for (const button of form.querySelectorAll("[data-as]")) {
  button.addEventListener("click", async () => {
    try {
      copyBox.textContent = WAYS[button.dataset.as](read(field.value));
      copyBox.hidden = false;
      await navigator.clipboard.writeText(copyBox.textContent);
      button.classList.add("copied");
    } catch (error) {
      if (copyBox.hidden) fail(error.message);
    }
  });
}
drawPast();
showKind();
field.focus();
