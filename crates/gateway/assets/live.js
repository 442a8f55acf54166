// Keeps a page true: each event of the gateway has the parts that are marked data-live loaded anew.
//
//   events (server-sent, resumed after the last id) ──▶ at most one load a second ──▶ parts with data-live swapped
//
// While the page is hidden nothing is held open; when it is shown again, it catches up.

import { refresh } from "./time.js";

const PAUSE = 1000;
const PATIENCE = 4000;

let source = null;
let last = null;
let timer = null;
let wanted = false;
let loading = false;
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

// Swaps the parts of the page that differ; what somebody is typing in stays.
export function swap(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const other = fresh.getElementById(part.id);
    if (!other || part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
    if (part.innerHTML === other.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    part.replaceChildren(...other.childNodes);
    if (focused) document.getElementById(focused)?.focus();
    part.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  }
  refresh();
}

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
