/* Sets the focal point of a picture by a click or the arrow keys. The crops beside it are updated at once. */
for (const whole of document.querySelectorAll("[data-focal]")) {
  const form = whole.closest("form");
  const across = form.elements.focus_x;
  const down = form.elements.focus_y;
  const followers = form.querySelectorAll("[data-follows]");
  const hint = document.createElement("p");

  function show() {
    for (const follower of followers) {
      follower.classList.remove(...[...follower.classList].filter((name) => name.startsWith("focus-")));
      follower.classList.add(`focus-x-${across.value}`, `focus-y-${down.value}`);
    }
    whole.setAttribute("aria-valuenow", across.value);
    whole.setAttribute("aria-valuetext", `${across.value} percent from the left, ${down.value} percent from the top`);
  }

  // The inputs enforce their steps and limits themselves.
  function set(x, y) {
    across.value = x;
    down.value = y;
    show();
  }

  hint.className = "hint";
  hint.id = "focal-hint";
  hint.textContent = "Click the part that must stay visible, or move the point with the arrow keys.";
  whole.before(hint);
  const role = { role: "slider", tabindex: "0", "aria-label": "Focal point", "aria-describedby": hint.id };
  for (const [name, value] of Object.entries({ ...role, "aria-valuemin": "0", "aria-valuemax": "100" })) {
    whole.setAttribute(name, value);
  }
  whole.addEventListener("click", (event) => {
    const box = whole.getBoundingClientRect();
    set(((event.clientX - box.left) / box.width) * 100, ((event.clientY - box.top) / box.height) * 100);
  });
  whole.addEventListener("keydown", (event) => {
    const [x, y] = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] }[event.key] ?? [];
    if (x === undefined) return;
    event.preventDefault();
    set(Number(across.value) + x, Number(down.value) + y);
  });
  across.addEventListener("input", show);
  down.addEventListener("input", show);
  show();
}
