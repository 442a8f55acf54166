// XML and JSON as trees that fold, drawn while they come. Everything is text to the page: no reply ever becomes markup.

const MOST_LINES = 20000;
const ENTITIES = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function decoded(text) {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, ten, sixteen, name) => {
    if (name) return ENTITIES[name] ?? whole;
    const point = ten ? parseInt(ten, 10) : parseInt(sixteen, 16);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

// Cuts a stream of XML into tags and text: calls `open(name, head)`, `close(name)`, `text(words)`.
export class Cutter {
  constructor(sink) {
    this.sink = sink;
    this.rest = "";
  }

  feed(piece) {
    this.rest += piece;
    let at = 0;
    while (at < this.rest.length) {
      const next = this.rest[at] === "<" ? this.tag(at) : this.words(at);
      if (next < 0) break;
      at = next;
    }
    this.rest = this.rest.slice(at);
  }

  words(at) {
    const end = this.rest.indexOf("<", at);
    if (end < 0) {
      // An entity may be cut in two.
      const whole = this.rest.lastIndexOf("&") > this.rest.length - 12 ? this.rest.lastIndexOf("&") : this.rest.length;
      if (whole <= at) return -1;
      this.sink.text(decoded(this.rest.slice(at, whole)));
      return whole;
    }
    this.sink.text(decoded(this.rest.slice(at, end)));
    return end;
  }

  tag(at) {
    const until = (mark, from = at) => {
      const end = this.rest.indexOf(mark, from);
      return end < 0 ? -1 : end + mark.length;
    };
    const starts = (words) => this.rest.startsWith(words, at);
    if (this.rest.length - at < 9 && "<![CDATA[".startsWith(this.rest.slice(at)) && !this.rest.includes(">", at)) return -1;
    if (starts("<!--")) return until("-->");
    if (starts("<?")) return until("?>");
    if (starts("<![CDATA[")) {
      const end = until("]]>");
      if (end > 0) this.sink.text(this.rest.slice(at + 9, end - 3));
      return end;
    }
    let quote = "";
    for (let to = at + 1; to < this.rest.length; to += 1) {
      const letter = this.rest[to];
      if (quote) {
        if (letter === quote) quote = "";
      } else if (letter === '"' || letter === "'") {
        quote = letter;
      } else if (letter === ">") {
        this.element(this.rest.slice(at + 1, to));
        return to + 1;
      }
    }
    return -1;
  }

  element(inside) {
    if (inside.startsWith("/")) return this.sink.close(inside.slice(1).trim());
    const isEmpty = inside.endsWith("/");
    const head = (isEmpty ? inside.slice(0, -1) : inside).trim();
    const name = head.split(/\s/, 1)[0];
    this.sink.open(name, head);
    if (isEmpty) this.sink.close(name);
  }
}

function part(kind, text) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

function line(...parts) {
  const element = document.createElement("div");
  element.append(...parts);
  return element;
}

function branch(...head) {
  const details = document.createElement("details");
  details.open = true;
  const summary = document.createElement("summary");
  summary.append(...head);
  const body = document.createElement("div");
  body.className = "branch";
  details.append(summary, body);
  return { details, body };
}

// Draws what a Cutter tells into `place`.
export class XmlTree {
  constructor(place) {
    this.stack = [{ body: place }];
    this.lines = 0;
    this.cut = 0;
  }

  get top() {
    return this.stack[this.stack.length - 1];
  }

  // The element that holds what is inside `frame`.
  bodyOf(frame) {
    if (frame.body) return frame.body;
    const parent = this.bodyOf(this.stack[this.stack.indexOf(frame) - 1]);
    const { details, body } = branch(part("tag", `<${frame.head}>`));
    parent.append(details);
    frame.details = details;
    frame.body = body;
    this.lines += 2;
    if (frame.words.trim()) body.append(line(part("words", frame.words.trim())));
    frame.words = "";
    return body;
  }

  open(name, head) {
    if (this.full()) return;
    if (this.stack.length > 1) this.bodyOf(this.top);
    this.stack.push({ name, head, words: "", body: null });
  }

  text(words) {
    if (this.stack.length > 1) this.top.words += words;
  }

  close() {
    if (this.cut > 0) {
      this.cut -= 1;
      return;
    }
    if (this.stack.length < 2) return;
    const frame = this.stack.pop();
    if (frame.body) {
      if (frame.words.trim()) frame.body.append(line(part("words", frame.words.trim())));
      frame.details.append(line(part("tag", `</${frame.name}>`)));
      return;
    }
    const words = frame.words.trim();
    const parts = words
      ? [part("tag", `<${frame.head}>`), part("words", frame.words.includes("\n") ? frame.words : words), part("tag", `</${frame.name}>`)]
      : [part("tag", `<${frame.head}/>`)];
    this.top.body.append(line(...parts));
    this.lines += 1;
  }

  full() {
    if (this.lines < MOST_LINES) return false;
    if (!this.said) this.stack[0].body.append(line(part("soft", `More than ${MOST_LINES} lines: Download has them all.`)));
    this.said = true;
    this.cut += 1;
    return true;
  }
}

// Draws a JSON value into `place`.
export function drawJson(place, value, key = null, left = { lines: MOST_LINES }) {
  if (left.lines <= 0) return;
  left.lines -= 1;
  const label = key === null ? [] : [part("tag", `${JSON.stringify(key)}: `)];
  if (value === null || typeof value !== "object") {
    place.append(line(...label, part("words", JSON.stringify(value))));
    return;
  }
  const isList = Array.isArray(value);
  const entries = isList ? value.map((one) => [null, one]) : Object.entries(value);
  const [begin, end] = isList ? "[]" : "{}";
  if (entries.length === 0) {
    place.append(line(...label, part("tag", begin + end)));
    return;
  }
  const { details, body } = branch(...label, part("tag", begin), part("soft", ` ${entries.length}`));
  place.append(details);
  for (const [name, one] of entries) drawJson(body, one, name, left);
  details.append(line(part("tag", end)));
}
