// The keyboard: / to search, j and k through rows, Enter to open one, ? for what there is.

function rows() {
  return [...document.querySelectorAll("[data-rows] [data-row]")];
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], .xterm");
}

let at = null;

function select(row) {
  for (const one of document.querySelectorAll("[data-row].at")) one.classList.remove("at");
  if (!row) return;
  row.classList.add("at");
  at = row.id;
  row.scrollIntoView({ block: "nearest" });
  row.querySelector("a")?.focus({ preventScroll: true });
}

function step(by) {
  const all = rows();
  const now = all.findIndex((row) => row.id === at);
  const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : now + by;
  if (all[next]) return select(all[next]);
  // Beyond the last row, and before the first, is another page.
  const more = all.length && document.querySelector(by > 0 ? 'a[rel="next"]' : 'a[rel="prev"]');
  if (more) location.assign(more.href);
}

document.addEventListener("swapped", () => {
  const row = at && document.getElementById(at);
  if (row) row.classList.add("at");
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isTyping(event.target)) return event.target.blur();
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const search = document.querySelector("[data-search]");
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "j") {
    step(1);
  } else if (event.key === "k") {
    step(-1);
  } else if (event.key === "?") {
    document.getElementById("keys-dialog")?.showModal();
  }
});
