// Ctrl+K: to any page or device by its name.
import { choices } from "./choices.js";

const MOST = 8;

const dialog = document.getElementById("palette");
const field = document.getElementById("palette-text");
const list = document.getElementById("palette-list");

const go = (address) => () => location.assign(address);

// The pages of the navigation, and the tabs of the device that one looks at.
function places() {
  const links = document.querySelectorAll("header.side nav a, nav.tabs a");
  return [...links].map((link) => ({
    text: link.textContent.trim(),
    note: link.closest(".tabs") ? document.querySelector("h1").textContent : "page",
    take: go(link.href),
  }));
}

async function devices(query, signal) {
  const answer = await fetch(`/api/v1/devices?limit=${MOST}&q=${encodeURIComponent(query)}`, { signal });
  if (!answer.ok) return [];
  return (await answer.json()).map(({ name, state, enrolled, pending }) => ({
    text: name,
    note: state,
    take: go(`/devices/${encodeURIComponent(enrolled ? name : pending?.fingerprint ?? name)}`),
  }));
}

let looking = new AbortController();

async function find(text) {
  looking.abort();
  looking = new AbortController();
  const words = text.trim();
  const fitting = places().filter(({ text: name }) => name.toLowerCase().includes(words.toLowerCase()));
  if (!words) return fitting;
  // As words, whatever stands in them.
  const query = words.split(/\s+/).map((word) => `"${word.replace(/["\\]/g, "")}"`).filter((word) => word !== '""').join(" ");
  let found = [];
  try {
    found = query ? await devices(query, looking.signal) : [];
  } catch {
    // the next letter was typed, or the gateway is gone and the banner says so
  }
  const search = { text: `Search devices for ${words}`, note: "list", take: go(`/devices?q=${encodeURIComponent(words)}`) };
  // Whoever names a page exactly means it; else devices come first.
  const isPage = fitting.some(({ text: name }) => name.toLowerCase().startsWith(words.toLowerCase()));
  return isPage ? [...fitting, ...found, search] : [...found, ...fitting, search];
}

if (dialog) {
  const { look, close } = choices(field, list, find, { isStrict: true });
  const show = () => {
    if (dialog.open) return;
    field.value = "";
    dialog.showModal();
    field.focus();
    look();
  };
  // A hidden field keeps the keyboard until the page is drawn anew: the next key would be lost in it.
  const shut = () => {
    field.blur();
    dialog.close();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    // In a terminal every key is the device's.
    if (event.target.closest?.(".xterm")) return;
    event.preventDefault();
    if (dialog.open) shut();
    else show();
  });
  document.getElementById("palette-open")?.addEventListener("click", show);
  // The first Escape is the dialog's too: with its list alone, the dialog would be empty.
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") shut();
  }, { capture: true });
  dialog.addEventListener("close", close);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) shut();
  });
}
