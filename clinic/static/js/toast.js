// Toasts: each gets a close button. The text is set again, because screen readers ignore a live region that existed before
// they started to listen.
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
