// The thanks page is the same for everyone. sessionStorage keeps the details of the trial form, so that people need not type
// them again in the form for their times. They are deleted with the tab, or once used.
const KEY = "trial";
const memory = (() => {
  try {
    return sessionStorage;
  } catch {
    return new Map(); // without storage people type them again
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
