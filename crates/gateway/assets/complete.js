// The query of the list of devices, completed: keys, states, what a device may have, and the labels of the fleet.
import { choices } from "./choices.js";

const MOST = 12;
const field = document.getElementById("q");
const list = document.getElementById("q-list");

// The word at the caret: where it begins, and what it is.
function word() {
  const end = field.selectionStart;
  const before = field.value.slice(0, end);
  if ((before.match(/"/g) ?? []).length % 2) return null;
  const begin = before.search(/\S*$/);
  const [, negation, text] = /^(-?)(.*)$/.exec(before.slice(begin));
  return { begin: begin + negation.length, end, text };
}

let known = null;

// What may stand in a query: asked for once, when somebody begins to type.
async function words() {
  known ??= fetch("/devices/words").then((answer) => (answer.ok ? answer.json() : []), () => []);
  return known;
}

function put({ begin, end }, text) {
  const isWhole = !text.endsWith(":");
  field.setRangeText(text + (isWhole ? " " : ""), begin, end, "end");
  field.focus();
  if (!isWhole) field.dispatchEvent(new Event("input"));
}

async function find(_, isAsked) {
  const at = word();
  if (!at || !at.text && !isAsked) return [];
  const all = await words();
  const colon = at.text.indexOf(":");
  const typed = at.text.toLowerCase();
  if (colon < 0) {
    const keys = all.filter(({ key }) => `${key}:`.startsWith(typed));
    return keys.slice(0, MOST).map(({ key, says }) => ({ text: `${key}:`, note: says, take: () => put(at, `${key}:`) }));
  }
  const found = all.find(({ key }) => key === at.text.slice(0, colon));
  // Of `up,do` the last one is completed.
  const comma = Math.max(colon, at.text.lastIndexOf(","));
  const begun = typed.slice(comma + 1);
  const values = (found?.values ?? []).filter((value) => value.toLowerCase().startsWith(begun) && value.toLowerCase() !== begun);
  const whole = (value) => at.text.slice(0, comma + 1) + (/[\s,":]/.test(value) ? `"${value}"` : value);
  return values.slice(0, MOST).map((value) => ({ text: whole(value), note: "", take: () => put(at, whole(value)) }));
}

if (field && list) choices(field, list, find);
