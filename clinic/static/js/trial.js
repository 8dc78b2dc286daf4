// The thanks page is the same for everyone and knows nobody. Within this tab the browser remembers who has just sent
// the trial form, so that they need not type it again to say when they can come. It leaves with the tab, or once told.
const KEY = "trial";
const memory = (() => {
  try {
    return sessionStorage;
  } catch {
    return new Map(); // a browser that keeps nothing: then they type it again
  }
})();
for (const form of document.querySelectorAll('form[action="/book/"]')) {
  form.addEventListener("submit", () => {
    const data = new FormData(form);
    memory.setItem?.(KEY, JSON.stringify({ email: data.get("email"), mobile: data.get("mobile") }));
  });
}
const who = document.querySelector("[data-who]");
const known = JSON.parse(memory.getItem?.(KEY) || "null");
if (who && known?.email && known?.mobile && !who.querySelector("[aria-invalid]")) {
  who.querySelector('[name="email"]').value = known.email;
  who.querySelector('[name="mobile"]').value = known.mobile;
  who.hidden = true;
  who.closest("form").addEventListener("submit", () => memory.removeItem?.(KEY));
}
