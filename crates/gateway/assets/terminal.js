// The terminal of a device: keys go out as binary frames, what it shows comes in as binary frames, the rest is JSON.
//
//   out  {"resize": [columns, rows]}
//   in   at last {"end": {"status": 0, "signal": null, "reason": null}}
import { screen } from "./screen.js";

const PIECE = 16 * 1024;
const SETTLE = 100;

const place = document.getElementById("terminal");
const state = document.getElementById("terminal-state");
const size = document.getElementById("terminal-size");
const connectButton = document.getElementById("terminal-connect");
const closeButton = document.getElementById("terminal-close");
const readerBox = document.getElementById("terminal-reader");

if (place && place.dataset.socket) start();

function start() {
  const { terminal, fit } = screen(place, { cursorBlink: true });
  const encoder = new TextEncoder();
  let socket = null;

  function tell(kind, text) {
    state.dataset.state = kind;
    state.textContent = text;
    place.dataset.state = kind;
    const isOpen = kind === "open" || kind === "opening";
    closeButton.disabled = !isOpen;
    connectButton.disabled = isOpen;
    terminal.options.disableStdin = !isOpen;
  }

  function showSize() {
    size.textContent = `${terminal.cols}×${terminal.rows}`;
  }

  function send(bytes) {
    if (!socket || socket.readyState !== WebSocket.OPEN) return;
    for (let at = 0; at < bytes.length; at += PIECE) socket.send(bytes.subarray(at, at + PIECE));
  }

  function connect() {
    fit();
    const address = new URL(place.dataset.socket, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("columns", terminal.cols);
    address.searchParams.set("rows", terminal.rows);
    const mine = new WebSocket(address);
    socket = mine;
    let ended = null;
    mine.binaryType = "arraybuffer";
    tell("opening", "connecting …");
    mine.onopen = () => {
      tell("open", "connected");
      terminal.focus();
    };
    mine.onmessage = (message) => {
      if (typeof message.data !== "string") {
        terminal.write(new Uint8Array(message.data));
        return;
      }
      ended = JSON.parse(message.data).end ?? ended;
    };
    mine.onclose = () => {
      if (socket !== mine) return;
      socket = null;
      const [kind, text] = ending(ended);
      tell(kind, text);
      terminal.write(`\r\n\x1b[0m\x1b[2m── ${text} ──\x1b[0m\r\n`);
    };
  }

  terminal.onData((text) => send(encoder.encode(text)));
  terminal.onBinary((text) => send(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  terminal.onResize(({ cols, rows }) => {
    showSize();
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ resize: [cols, rows] }));
  });
  // The way out for whoever has only a keyboard: every other key belongs to the device.
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown" || event.key !== "F6" || !event.shiftKey) return true;
    event.preventDefault();
    (closeButton.disabled ? connectButton : closeButton).focus();
    return false;
  });
  let waiting = 0;
  new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(fit, SETTLE);
  }).observe(place);
  connectButton.addEventListener("click", () => {
    terminal.reset();
    connect();
  });
  closeButton.addEventListener("click", () => socket && socket.close());
  readerBox.addEventListener("change", () => {
    terminal.options.screenReaderMode = readerBox.checked;
  });
  showSize();
  connect();
}

// How it ended, in a word and in a sentence.
function ending(end) {
  if (!end) return ["lost", "the connection to the gateway is lost"];
  if (end.reason) return ["refused", end.reason];
  if (end.signal) return ["ended", `ended by signal ${end.signal}`];
  if (end.status !== null && end.status !== undefined) return ["ended", `ended with exit status ${end.status}`];
  return ["ended", "ended"];
}
