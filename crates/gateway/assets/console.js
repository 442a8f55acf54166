// What every page does: live parts, ages, keys, copy buttons.

import { start } from "./live.js";
import { refresh } from "./time.js";
import "./keys.js";
import "./palette.js";

for (const field of document.querySelectorAll("[data-here]")) {
  field.value = location.pathname + location.search;
}

// A button beside each text that is there to be copied.
export function copyable(root = document) {
  for (const element of root.querySelectorAll("[data-copy]:not([data-copied])")) {
    element.dataset.copied = "no";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const text = element.dataset.copy || element.textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(element);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    element.after(button);
  }
}

// Forms that ask before they are sent.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

// The columns that are ticked, as one word of the address.
for (const form of document.querySelectorAll("form[data-columns]")) {
  form.addEventListener("submit", () => {
    const ticked = [...form.querySelectorAll("input[type=checkbox]")].filter((box) => box.checked);
    form.elements.cols.value = ticked.map((box) => box.value).join(",");
  });
}

// A menu closes when one clicks or goes elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

copyable();
document.addEventListener("swapped", (event) => copyable(event.target));
refresh();
start();
