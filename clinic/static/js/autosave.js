/* Autosave of a long form: on the server every few seconds, and in localStorage while the server cannot be reached or the
   sign-in has ended. Shows who else has the form open, and asks before the page is left with unsaved text. */
const PAUSE = 3000; // milliseconds after the last key
const PING = 20000; // milliseconds between reports that the form is open

for (const form of document.querySelectorAll("form[data-autosave]")) {
  const status = form.querySelector("[data-autosave-status]");
  const others = document.querySelector("[data-others]");
  const about = `unsaved ${form.dataset.about}:`;
  const key = about + form.elements.draft.value;
  const base = form.elements.base.value;
  // A refused form is not saved, so its text counts as typed: it is autosaved, and leaving the page asks.
  const isRefused = "refused" in form.dataset;
  const shown = typed();
  const saved = isRefused ? "" : shown;
  let last = saved;
  let timer = 0;
  let isSubmitted = false;

  function typed() {
    const fields = [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && typeof value === "string");
    return JSON.stringify(fields);
  }

  function say(text, link) {
    status.textContent = text;
    if (link) {
      const a = document.createElement("a");
      a.href = link;
      a.target = "_blank";
      a.textContent = "Sign in again in a new window";
      status.append(" ", a);
    }
  }

  async function send(fields) {
    const data = new FormData();
    data.set("csrf_token", form.elements.csrf_token.value);
    if (form.dataset.id) data.set("id", form.dataset.id);
    for (const [name, value] of fields ? JSON.parse(fields) : []) data.append(name, value);
    return fetch(form.dataset.autosave, { method: "POST", body: data, redirect: "manual" });
  }

  async function renewToken() {
    const page = await fetch(location.href);
    if (!page.ok || page.redirected) return false;
    const html = new DOMParser().parseFromString(await page.text(), "text/html");
    const fresh = html.querySelector("form[data-autosave] [name=csrf_token]")?.value;
    if (!fresh || fresh === form.elements.csrf_token.value) return false;
    for (const input of document.querySelectorAll("[name=csrf_token]")) input.value = fresh;
    return true;
  }

  async function keep() {
    const fields = typed();
    if (fields === last) return;
    let answer;
    try {
      answer = await send(fields);
      // After a new sign-in the form still has the token of the former session.
      if ([400, 401].includes(answer.status) && (await renewToken())) answer = await send(fields);
    } catch {
      answer = null;
    }
    if (answer?.ok) {
      last = fields;
      localStorage.removeItem(key);
      const { at, others: names, version } = await answer.json();
      say(`Changes kept at ${at}. Not saved yet.`);
      tell(names, version);
      return;
    }
    localStorage.setItem(key, JSON.stringify({ base, fields }));
    if (answer === null) say("No connection. Your changes are kept in this browser. We will keep trying.");
    else if (answer.type === "opaqueredirect" || answer.status === 400 || answer.status === 401)
      say("You are signed out. Your changes are kept in this browser.", "/login");
    else say("The server could not keep your changes. They are kept in this browser. We will keep trying.");
    plan(PAUSE * 3);
  }

  function tell(names, version) {
    if (!others) return;
    const who = names.length ? `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} also editing this text.` : "";
    const isOld = version !== null && base && String(version) !== base;
    const text = `${who}${isOld ? " Somebody has saved a newer version. When you save, you will see both versions." : ""}`.trim();
    if (others.textContent.trim() !== text) others.textContent = text;
  }

  function plan(wait) {
    clearTimeout(timer);
    timer = setTimeout(keep, wait);
  }

  function restore(fields) {
    for (const element of form.elements) {
      if (!element.name || ["csrf_token", "base", "draft", "form_key"].includes(element.name) || element.type === "file") continue;
      const values = fields.filter(([name]) => name === element.name).map(([, value]) => value);
      if (element.type === "checkbox" || element.type === "radio") element.checked = values.includes(element.value);
      else if (element.multiple) for (const option of element.options) option.selected = values.includes(option.value);
      else if (values.length) {
        element.value = values[0];
        if (element.matches("select")) element.dispatchEvent(new Event("change")); // picker.js updates its picture
        if (element.matches("textarea")) element.dispatchEvent(new CustomEvent("editor:load"));
      }
    }
    plan(0);
  }

  // This page follows a successful save, so the copy stored on submit is no longer needed.
  if (form.dataset.saved) {
    for (const was of [about, about.replace(/:\d+:$/, ":new:")]) localStorage.removeItem(was + form.dataset.saved);
    history.replaceState(null, "", location.href.replace(/([?&])saved=\w+/, "$1").replace(/[?&]$/, ""));
  }

  // Offer text that localStorage kept while the server was unreachable; never restore it without asking.
  for (const place of Object.keys(localStorage).filter((one) => one.startsWith(about))) {
    const kept = JSON.parse(localStorage.getItem(place));
    if (isRefused && place === key) localStorage.removeItem(place); // the form already shows it
    else if (words(kept.fields) !== words(shown)) offer(place, kept);
  }

  function words(fields) {
    return JSON.stringify(JSON.parse(fields).filter(([name]) => !["draft", "form_key"].includes(name)));
  }

  function offer(place, kept) {
    const note = document.createElement("p");
    note.className = "alert alert-note";
    note.setAttribute("role", "status");
    note.textContent = "This browser has kept changes that you never saved. ";
    for (const [label, act] of [
      ["Restore my changes", () => restore(JSON.parse(kept.fields))],
      ["Discard", () => {}],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button button-quiet button-small";
      button.textContent = label;
      button.addEventListener("click", () => {
        act();
        if (place !== key) localStorage.removeItem(place);
        if (label === "Discard") localStorage.removeItem(place);
        note.remove();
      });
      note.append(button, " ");
    }
    form.before(note);
  }

  if (isRefused) plan(PAUSE);
  form.addEventListener("input", () => plan(PAUSE));
  form.addEventListener("change", () => plan(PAUSE));
  form.addEventListener("submit", () => {
    isSubmitted = true;
    // Keep a copy until the response arrives: if the sign-in has ended, the text would be lost.
    if (typed() !== saved) localStorage.setItem(key, JSON.stringify({ base, fields: typed() }));
  });
  addEventListener("beforeunload", (event) => {
    if (!isSubmitted && typed() !== saved) event.preventDefault();
  });
  addEventListener("online", () => plan(0));
  setInterval(async () => {
    try {
      const answer = await send(null);
      if (answer.ok) {
        const { others: names, version } = await answer.json();
        tell(names, version);
      }
    } catch {
      /* retried with the next ping */
    }
  }, PING);
}
