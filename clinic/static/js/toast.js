// Messages about the last action. Each gets a close button and is announced again, because screen readers ignore a
// live region that was on the page when it loaded.
for (const toast of document.querySelectorAll("[data-toast]")) {
  const text = toast.querySelector("p");
  text.textContent = text.textContent;
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
