// The stored thank-you page is the same for everyone. This tab remembers the email and mobile of the person who sent
// the trial form, so that they need not enter them again with their times. They are forgotten with the tab or once sent.
const KEY = "trial";
const memory = (() => {
  try {
    return sessionStorage;
  } catch {
    return new Map(); // the browser stores nothing, so the person enters them again
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
