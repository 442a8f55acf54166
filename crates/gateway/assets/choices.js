// A list of choices under a field: arrows walk through it, Enter or a click takes one, Escape closes it.
//
// As in the ARIA Authoring Practices, *Combobox with listbox popup*: the keyboard stays in the field, and
// aria-activedescendant says where in the list one is.

// `find(text, isAsked)`, asked by an arrow if it says so, gives, or promises, [{ text, note, take }]; an empty list closes. `isStrict`: the first one is chosen at once.
export function choices(field, list, find, { isStrict = false } = {}) {
  let shown = [];
  let at = -1;
  let asked = 0;
  // The look that is under way; Enter waits for it, so that nobody takes what fitted an earlier word.
  let pending = null;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  list.setAttribute("role", "listbox");
  close();

  function close() {
    asked += 1;
    pending = null;
    [shown, at, list.hidden] = [[], -1, true];
    list.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function mark(next) {
    at = next;
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
    const item = list.children[at];
    if (!item) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  function row({ text, note }, number) {
    const item = document.createElement("li");
    item.id = `${list.id}-${number}`;
    item.setAttribute("role", "option");
    const words = document.createElement("span");
    words.textContent = text;
    item.append(words);
    if (note) {
      const beside = document.createElement("span");
      beside.className = "soft";
      beside.textContent = note;
      item.append(beside);
    }
    // Not `click`: the field would lose the keyboard first.
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      take(number);
    });
    return item;
  }

  function look(isAsked = false) {
    const now = (asked += 1);
    pending = fill(now, isAsked).finally(() => {
      if (now === asked) pending = null;
    });
    return pending;
  }

  async function fill(now, isAsked) {
    const found = await find(field.value, isAsked);
    if (now !== asked) return;
    if (!found.length) return close();
    shown = found;
    list.replaceChildren(...found.map(row));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    mark(isStrict ? 0 : -1);
  }

  function take(number) {
    const one = shown[number];
    if (!one) return;
    close();
    one.take();
  }

  field.addEventListener("input", () => look());
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      event.preventDefault();
      if (list.hidden) return look(true);
      const count = shown.length;
      mark(at < 0 && event.key === "ArrowUp" ? count - 1 : (at + steps[event.key] + count) % count);
    } else if (isStrict && pending && event.key === "Enter") {
      event.preventDefault();
      pending.then(() => take(at));
    } else if (!list.hidden && at >= 0 && (event.key === "Enter" || event.key === "Tab")) {
      if (event.key === "Tab" && isStrict) return;
      event.preventDefault();
      take(at);
    } else if (!list.hidden && event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  return { look, close };
}
