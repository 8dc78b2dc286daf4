// Notes of what was done: each gets a button that closes it, and is said once more, because screen readers pass over a
// live region that was there before they listened.
for (const toast of document.querySelectorAll("[data-toast]")) {
  const text = toast.querySelector("p");
  text.replaceChildren(text.textContent);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "toast-close";
  close.textContent = "Close";
  close.setAttribute("aria-describedby", text.id);
  close.addEventListener("click", () => {
    toast.remove();
    document.querySelector("main").focus();
  });
  toast.append(close);
}
