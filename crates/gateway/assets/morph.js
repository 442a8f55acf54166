// Makes one part of the page like another, and leaves alone what is the same: what is focused, marked, unfolded, ticked, scrolled or
// copied just now stays so.

// What scripts put into the page, and no page of the gateway holds.
const isOurs = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches("button.copy");
// What people change by hand.
const KEPT = new Set(["open", "data-copied"]);

function attributes(element, fresh) {
  for (const { name } of [...element.attributes]) {
    if (!fresh.hasAttribute(name) && !KEPT.has(name)) element.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (element.getAttribute(name) !== value && !KEPT.has(name)) element.setAttribute(name, value);
  }
}

const isAlike = (node, fresh) =>
  node.nodeType === fresh.nodeType && node.nodeName === fresh.nodeName && (node.id ?? "") === (fresh.id ?? "");

function children(element, fresh) {
  const byId = new Map([...element.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = element.firstChild;
  const next = (node) => {
    let after = node.nextSibling;
    while (after && isOurs(after)) after = after.nextSibling;
    return after;
  };
  for (const wanted of [...fresh.childNodes]) {
    const same = wanted.id ? byId.get(wanted.id) : at && isAlike(at, wanted) ? at : null;
    if (!same || !isAlike(same, wanted)) {
      element.insertBefore(wanted, at);
      continue;
    }
    if (same === at) at = next(at);
    else element.insertBefore(same, at);
    morph(same, wanted);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
  // A copy button goes with what it copies.
  for (const button of element.querySelectorAll(":scope > button.copy")) {
    if (!button.previousElementSibling?.matches("[data-copy]")) button.remove();
  }
}

// `fresh` is used up.
export function morph(node, fresh) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.nodeValue !== fresh.nodeValue) node.nodeValue = fresh.nodeValue;
    return;
  }
  attributes(node, fresh);
  children(node, fresh);
}
