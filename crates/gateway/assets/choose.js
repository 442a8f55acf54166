// Choosing rows: all at once, how many, and buttons that need at least one.

const form = document.getElementById("choose");

function boxes() {
  return [...form.querySelectorAll('input[name="subject"]')];
}

function count() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const every = form.querySelector("[data-all]");
  if (every) {
    every.checked = all.length > 0 && chosen === all.length;
    every.indeterminate = chosen > 0 && chosen < all.length;
  }
  for (const button of form.querySelectorAll("[data-needs-choice]")) button.disabled = chosen === 0;
  const name = form.querySelector('input[name="name"]');
  if (name) name.disabled = chosen > 1;
  const told = document.getElementById("choose-count");
  if (told) told.textContent = chosen === 0 ? "choose one or several" : `${chosen} chosen`;
}

if (form) {
  let chosen = new Set();
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
    chosen = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
    count();
  });
  // A part that was loaded anew forgets what was chosen in it.
  form.addEventListener("swapped", () => {
    for (const box of boxes()) box.checked = chosen.has(box.value);
    count();
  });
  count();
}
