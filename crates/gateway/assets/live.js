// Keeps a page true: each event of the gateway has the parts that are marked data-live loaded anew.
//
//   events (server-sent, resumed after the last id) ──▶ at most one load a second ──▶ parts with data-live swapped
//
// While the page is hidden nothing is held open; when it is shown again, it catches up.

import { morph } from "./morph.js";
import { refresh } from "./time.js";

const PAUSE = 1000;
const PATIENCE = 4000;

let source = null;
let last = null;
let timer = null;
let wanted = false;
let loading = false;
let late = false;
let goneSince = null;
const listeners = new Set();

// Calls `listener` with each event as it happens.
export function onEvent(listener) {
  listeners.add(listener);
}

// Says something to a screen reader.
export function say(text) {
  const said = document.getElementById("said");
  if (said) said.textContent = text;
}

function gone(isGone) {
  const banner = document.getElementById("gone");
  if (!banner) return;
  if (!isGone) {
    if (!banner.hidden) say("The gateway is back.");
    banner.hidden = true;
    goneSince = null;
    return;
  }
  goneSince ??= new Date();
  banner.querySelector("[data-gone-since]").textContent = goneSince.toLocaleTimeString();
  banner.hidden = false;
}

const FOCUSABLE = "a, button, summary, input, select, textarea, [tabindex]";

// Is somebody typing in this part, or marking text in it to copy?
function isInUse(part) {
  if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return true;
  const marked = getSelection();
  return !marked.isCollapsed && part.contains(marked.anchorNode);
}

// Where the keyboard is, in words that hold for the part loaded anew: the nearest id, and which of what can be focused in it.
function placeOf(element) {
  const owner = element.closest("[id]");
  return { id: owner.id, index: element === owner ? -1 : [...owner.querySelectorAll(FOCUSABLE)].indexOf(element) };
}

function focusAt({ id, index }) {
  const owner = document.getElementById(id);
  const element = index < 0 ? owner : owner?.querySelectorAll(FOCUSABLE)[index];
  element?.focus({ preventScroll: true });
}

// Swaps the parts of the page that differ; a part in use stays until it is left, and the keyboard stays where it was.
export function swap(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const other = fresh.getElementById(part.id);
    if (!other || part.innerHTML === other.innerHTML) continue;
    if (isInUse(part)) {
      late = true;
      continue;
    }
    const place = part.contains(document.activeElement) ? placeOf(document.activeElement) : null;
    morph(part, other);
    if (place && !part.contains(document.activeElement)) focusAt(place);
    part.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  }
  refresh();
}

// A part that was in use is caught up with.
function catchUp() {
  if (!late || [...document.querySelectorAll("[data-live][id]")].some(isInUse)) return;
  late = false;
  ask();
}

document.addEventListener("selectionchange", catchUp);
document.addEventListener("focusout", () => setTimeout(catchUp));

async function load() {
  wanted = false;
  loading = true;
  try {
    const answer = await fetch(location.href, { headers: { "x-live": "1" }, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401) return location.reload();
    if (answer.ok) swap(await answer.text());
    gone(false);
  } catch {
    gone(true);
  } finally {
    loading = false;
    timer = setTimeout(() => { timer = null; if (wanted) ask(); }, PAUSE);
  }
}

// Asks for the parts anew, at most once a second.
export function ask() {
  wanted = true;
  if (timer === null && !loading) load();
}

function open() {
  if (source || document.hidden) return;
  source = new EventSource(last === null ? "/api/v1/events" : `/api/v1/events?after=${last}`);
  source.onopen = () => {
    gone(false);
    // What happened between the page and this moment was told to nobody.
    if (document.querySelector("[data-live]")) ask();
  };
  source.onmessage = (message) => {
    last = message.lastEventId || last;
    let event;
    try { event = JSON.parse(message.data); } catch { return; }
    for (const listener of listeners) listener(event);
    ask();
  };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(open, PATIENCE);
    }
    setTimeout(() => { if (!source || source.readyState !== EventSource.OPEN) gone(!document.hidden); }, PATIENCE);
  };
}

function close() {
  source?.close();
  source = null;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return close();
  open();
  if (document.querySelector("[data-live]")) ask();
});

// Begins; pages without a live part only learn whether the gateway is there.
export function start() {
  open();
}
