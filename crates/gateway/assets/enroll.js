// Enrolment: a file into the form, and the checklist of one device kept true.
import { onEvent, swap } from "./live.js";

const file = document.getElementById("csv-file");
if (file) {
  file.addEventListener("change", async () => {
    if (file.files[0]) document.getElementById("csv-text").value = await file.files[0].text();
  });
}

const watch = document.getElementById("watch");
if (watch) {
  let loading = false;
  let again = false;
  const load = async () => {
    if (loading) {
      again = true;
      return;
    }
    loading = true;
    try {
      const answer = await fetch(watch.dataset.from);
      if (answer.ok) swap(await answer.text());
    } finally {
      loading = false;
      if (again) {
        again = false;
        load();
      }
    }
  };
  onEvent((event) => {
    if (event.device === watch.dataset.watch) load();
  });
  load();
}
