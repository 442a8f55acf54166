// Ages of moments, kept true while the page stands.

const UNITS = [[60, 1, "s"], [3600, 60, "m"], [172800, 3600, "h"], [Infinity, 86400, "d"]];

// "12 s", "5 m", "3 h", "12 d".
export function age(then, now = Date.now()) {
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  const [, size, unit] = UNITS.find(([limit]) => seconds < limit);
  return `${Math.floor(seconds / size)} ${unit}`;
}

export function refresh(root = document) {
  const now = Date.now();
  for (const element of root.querySelectorAll("time[data-age]")) {
    const text = age(Date.parse(element.dateTime), now);
    if (element.textContent !== text) element.textContent = text;
  }
}

setInterval(refresh, 1000);
