// Plays a recording of a terminal. Source: asciicast v2.
import { screen } from "./screen.js";

const LONGEST_PAUSE = 2;
const TICK = 50;

const place = document.getElementById("replay");
const playButton = document.getElementById("replay-play");
const moment = document.getElementById("replay-at");
const clock = document.getElementById("replay-time");
const speed = document.getElementById("replay-speed");
const skip = document.getElementById("replay-skip");
const state = document.getElementById("replay-state");

const { terminal } = screen(place, {
  cols: Number(place.dataset.columns) || 80,
  rows: Number(place.dataset.rows) || 24,
  disableStdin: true,
  cursorInactiveStyle: "block",
});

let raw = [];
let events = [];
let next = 0;
let at = 0;
let timer = null;

// The events, with long pauses made short if asked for.
function arrange() {
  let shift = 0;
  let last = 0;
  events = raw.map(([time, kind, data]) => {
    if (skip.checked && time - last > LONGEST_PAUSE) shift += time - last - LONGEST_PAUSE;
    last = time;
    return [time - shift, kind, data];
  });
  moment.max = events.length ? events[events.length - 1][0].toFixed(1) : 0;
}

function show(event) {
  const [, kind, data] = event;
  if (kind === "o") terminal.write(data);
  if (kind === "r") {
    const [columns, rows] = data.split("x").map(Number);
    if (columns > 0 && rows > 0) terminal.resize(columns, rows);
  }
}

function told() {
  const text = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  clock.textContent = `${text(at)} / ${text(Number(moment.max))}`;
  moment.value = at;
}

function seek(to) {
  if (to < at) {
    terminal.reset();
    terminal.resize(Number(place.dataset.columns) || 80, Number(place.dataset.rows) || 24);
    next = 0;
  }
  at = to;
  while (next < events.length && events[next][0] <= at) show(events[next++]);
  told();
}

function pause() {
  clearInterval(timer);
  timer = null;
  playButton.textContent = "Play";
}

function play() {
  if (next >= events.length) seek(0);
  playButton.textContent = "Pause";
  timer = setInterval(() => {
    seek(at + (TICK / 1000) * Number(speed.value));
    if (next >= events.length) {
      pause();
      state.textContent = "the end";
    }
  }, TICK);
}

async function load() {
  const answer = await fetch(place.dataset.cast);
  if (!answer.ok) {
    state.textContent = `the recording can't be read: ${answer.status}`;
    return;
  }
  const [, ...lines] = (await answer.text()).split("\n");
  raw = lines.flatMap((line) => {
    try {
      const event = JSON.parse(line);
      return Array.isArray(event) && event.length === 3 ? [event] : [];
    } catch {
      return [];
    }
  });
  arrange();
  told();
  state.textContent = `${raw.length} events`;
  play();
}

playButton.addEventListener("click", () => (timer ? pause() : play()));
moment.addEventListener("input", () => {
  pause();
  seek(Number(moment.value));
});
skip.addEventListener("change", () => {
  arrange();
  next = Infinity;
  at = Infinity;
  seek(0);
});
load();
