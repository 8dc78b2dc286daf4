// Drag and drop for an ordered list: each row gets a grip, and the new order is saved at once.
// The buttons "Move up" and "Move down" do the same without JavaScript and by keyboard.
const said = document.querySelector("[data-sort]");
const body = document.querySelector("[data-sort-row]").closest("tbody");
const formOf = (row) => row.querySelector("[data-sort-row]");

const showEnds = () => {
  const rows = [...body.rows];
  for (const row of rows) {
    formOf(row).querySelector("[value=up]").disabled = row === rows[0];
    formOf(row).querySelector("[value=down]").disabled = row === rows.at(-1);
  }
};

const putBack = (rows) => {
  body.append(...rows);
  showEnds();
};

const save = async (row, before) => {
  const fields = new URLSearchParams({
    csrf_token: said.dataset.sortToken,
    tab: said.dataset.sortTab,
    id: formOf(row).dataset.sortRow,
    ids: [...body.rows].map((one) => formOf(one).dataset.sortRow).join(),
  });
  try {
    const answer = await fetch(said.dataset.sort, { method: "POST", body: fields, redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    said.textContent = await answer.text();
  } catch {
    putBack(before);
    said.textContent = "The new order could not be saved. Reload the page and try again.";
    said.classList.remove("hidden");
    said.classList.add("alert", "alert-error");
  }
};

const drag = (row, grip) => {
  grip.addEventListener("pointerdown", (start) => {
    if (start.button !== 0) return;
    start.preventDefault();
    const before = [...body.rows];
    grip.setPointerCapture(start.pointerId);
    row.classList.add("is-dragged");

    const follow = (event) => {
      const over = [...body.rows].find((other) => {
        const box = other.getBoundingClientRect();
        return other !== row && event.clientY >= box.top && event.clientY < box.bottom;
      });
      const margin = 60;
      if (event.clientY < margin) scrollBy(0, -20);
      if (event.clientY > innerHeight - margin) scrollBy(0, 20);
      if (!over) return;
      const box = over.getBoundingClientRect();
      const rows = [...body.rows];
      const from = rows.indexOf(row);
      const to = rows.indexOf(over);
      const isPastMiddle = to > from === event.clientY > box.top + box.height / 2;
      if (!isPastMiddle) return; // otherwise two rows of different height would swap endlessly
      // Move the other rows: the dragged one would lose the pointer if it left the page for a moment.
      if (to > from) row.before(...rows.slice(from + 1, to + 1));
      else row.after(...rows.slice(to, from));
    };
    const end = (event) => {
      grip.removeEventListener("pointermove", follow);
      grip.removeEventListener("pointerup", end);
      grip.removeEventListener("pointercancel", end);
      row.classList.remove("is-dragged");
      if (event.type === "pointercancel") return putBack(before);
      showEnds();
      if (before.some((one, place) => one !== body.rows[place])) save(row, before);
    };
    grip.addEventListener("pointermove", follow);
    grip.addEventListener("pointerup", end);
    grip.addEventListener("pointercancel", end);
  });
};

for (const row of body.rows) {
  const grip = document.createElement("span");
  grip.className = "grip";
  grip.title = "Drag to reorder";
  grip.setAttribute("aria-hidden", "true");
  grip.textContent = "⠿";
  formOf(row).prepend(grip);
  drag(row, grip);
}
