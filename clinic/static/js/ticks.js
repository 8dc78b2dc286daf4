// Lists with checkboxes: the number selected, and a button that selects all or none.
for (const list of document.querySelectorAll("[data-ticks]")) {
  const words = list.querySelector(".bulk-words");
  if (!words) continue;
  const boxes = [...list.querySelectorAll("input[name=rowid]")];
  const all = document.createElement("button");
  all.type = "button";
  all.className = "button button-quiet button-small";
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    words.textContent = ticked ? `With ${ticked} selected:` : "With selected:";
    all.textContent = ticked === boxes.length ? "Select none" : "Select all";
  };
  all.addEventListener("click", () => {
    const isTicked = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = isTicked;
    show();
  });
  list.addEventListener("change", show);
  words.before(all);
  show();
}
