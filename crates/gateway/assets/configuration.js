// A device's configuration: read by an RPC, searched in the page, saved to a file.
import { Cutter } from "./tree.js";
import { Refused, rpc, save } from "./rpc.js";

const MOST_FOUND = 5000;
const ENDS = { text: "conf", set: "set", xml: "xml", json: "json", netconf: "xml" };
const HELD = { text: ["configuration-text"], set: ["configuration-set"], json: ["configuration-json", "json"] };

const panel = document.getElementById("configuration");
const formBox = document.getElementById("configuration-form");
const loadButton = document.getElementById("configuration-load");
const saveButton = document.getElementById("configuration-save");
const searchBox = document.getElementById("configuration-search");
const found = document.getElementById("configuration-found");
const nextButton = document.getElementById("configuration-next");
const previousButton = document.getElementById("configuration-previous");
const state = document.getElementById("configuration-state");
const errorBox = document.getElementById("configuration-error");
const place = document.getElementById("configuration-text");

let shown = "";
let ranges = [];
let at = -1;
let reading = null;

function operation(form) {
  if (form === "netconf") return "<get-config><source><running/></source></get-config>";
  return `<get-configuration database="committed" format="${form}"/>`;
}

// XML with each element on a line of its own.
class Indented {
  constructor() {
    this.lines = [];
    this.depth = 0;
    this.pending = null;
    this.words = "";
  }

  flush() {
    if (this.pending !== null) this.lines.push(`${"  ".repeat(this.depth)}<${this.pending}>`);
    if (this.pending !== null) this.depth += 1;
    this.pending = null;
  }

  open(name, head) {
    this.flush();
    this.pending = head;
    this.words = "";
  }

  text(words) {
    this.words += words;
  }

  close(name) {
    const words = this.words.trim();
    this.words = "";
    if (this.pending !== null) {
      const inside = words ? `<${this.pending}>${escapeText(words)}</${name}>` : `<${this.pending}/>`;
      this.lines.push("  ".repeat(this.depth) + inside);
      this.pending = null;
      return;
    }
    this.depth = Math.max(0, this.depth - 1);
    this.lines.push(`${"  ".repeat(this.depth)}</${name}>`);
  }
}

const escapeText = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

// The words of some elements, and the errors of a reply.
class Words {
  constructor(names) {
    this.names = names;
    this.path = [];
    this.said = "";
    this.error = "";
  }

  open(name) {
    this.path.push(name);
  }

  text(words) {
    if (this.path[this.path.length - 1] === "error-message") this.error += words;
    if (this.names.some((name) => this.path.includes(name))) this.said += words;
  }

  close() {
    this.path.pop();
  }
}

async function load() {
  reading?.abort();
  const mine = new AbortController();
  reading = mine;
  const form = formBox.value;
  [errorBox.hidden, saveButton.disabled] = [true, true];
  state.textContent = "reading …";
  let bytes = 0;
  const words = new Words(HELD[form] ?? []);
  const indented = new Indented();
  const cutters = [new Cutter(words), ...(HELD[form] ? [] : [new Cutter(indented)])];
  try {
    await rpc(panel.dataset.rpc, operation(form), 600, (text, piece) => {
      bytes += piece.length;
      for (const cutter of cutters) cutter.feed(text);
      state.textContent = `reading … ${bytes.toLocaleString("en")} bytes`;
    }, mine.signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    fail(error instanceof Refused ? [error.message, error.hint].filter(Boolean).join(" — ") : "the reply broke off");
    return;
  }
  if (words.error) {
    fail(words.error.trim());
    return;
  }
  shown = HELD[form] ? words.said.replace(/^\n/, "") : indented.lines.slice(1, -1).map((line) => line.slice(2)).join("\n");
  place.textContent = shown;
  const count = shown ? shown.split("\n").length : 0;
  state.textContent = `${count.toLocaleString("en")} lines, read at ${new Date().toLocaleTimeString()}`;
  saveButton.disabled = !shown;
  search();
}

function fail(words) {
  errorBox.textContent = words;
  errorBox.hidden = false;
  state.textContent = "not read";
}

// Marks every place where the words stand, by the highlights of CSS: the text itself is left alone.
function search() {
  const words = searchBox.value.toLowerCase();
  ranges = [];
  at = -1;
  const node = place.firstChild;
  if (words && node) {
    const text = shown.toLowerCase();
    for (let from = text.indexOf(words); from >= 0 && ranges.length < MOST_FOUND; from = text.indexOf(words, from + words.length)) {
      const range = new Range();
      range.setStart(node, from);
      range.setEnd(node, from + words.length);
      ranges.push(range);
    }
  }
  if (window.Highlight) CSS.highlights.set("found", new Highlight(...ranges));
  found.textContent = words ? `${ranges.length}${ranges.length === MOST_FOUND ? "+" : ""} found` : "";
  [nextButton.disabled, previousButton.disabled] = [!ranges.length, !ranges.length];
  if (ranges.length) step(1);
  else if (window.Highlight) CSS.highlights.delete("at");
}

function step(by) {
  if (!ranges.length) return;
  at = (at + by + ranges.length) % ranges.length;
  const range = ranges[at];
  if (window.Highlight) CSS.highlights.set("at", new Highlight(range));
  const box = range.getBoundingClientRect();
  const frame = place.getBoundingClientRect();
  if (box.top < frame.top || box.bottom > frame.bottom) place.scrollTop += box.top - frame.top - frame.height / 3;
  found.textContent = `${at + 1} of ${ranges.length}${ranges.length === MOST_FOUND ? "+" : ""}`;
}

if (panel) {
  formBox.addEventListener("change", load);
  loadButton.addEventListener("click", load);
  saveButton.addEventListener("click", () => save(`${panel.dataset.device}.${ENDS[formBox.value]}`, [shown, "\n"], "text/plain"));
  searchBox.addEventListener("input", search);
  searchBox.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      step(event.shiftKey ? -1 : 1);
    }
  });
  nextButton.addEventListener("click", () => step(1));
  previousButton.addEventListener("click", () => step(-1));
  load();
}
