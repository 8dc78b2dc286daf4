// Dialogs: native ones, which keep the focus inside, close on Escape and give the focus back.
import { h, icon, newId } from "./dom.js";

/**
 * Open a dialog with a heading, fields and buttons. `onSubmit` answers with what is to be done once the dialog is closed
 * (while it is open, the page behind takes no focus), or with null, which leaves it open.
 */
export function openDialog({ title, content, submit, extra = [], onSubmit, isWide = false }) {
  const heading = newId("editor-dialog");
  const form = h("form", { novalidate: true, method: "dialog" });
  const dialog = h("dialog", { class: `editor-dialog${isWide ? " editor-dialog-wide" : ""}`, "aria-labelledby": heading }, form);
  const close = () => dialog.close();
  form.append(
    h(
      "div",
      { class: "editor-dialog-head" },
      h("h2", { id: heading }, title),
      h("button", { type: "button", class: "editor-close", "aria-label": "Close", onclick: close }, icon("close")),
    ),
    h("div", { class: "editor-dialog-content" }, ...content),
  );
  if (submit) {
    const cancel = h("button", { type: "button", class: "button button-quiet button-small", onclick: close }, "Cancel");
    const send = h("button", { type: "submit", class: "button button-small" }, submit);
    form.append(h("div", { class: "editor-dialog-foot" }, send, cancel, ...extra));
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const act = onSubmit?.();
    if (act) {
      close();
      act();
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector("[data-first]")?.focus();
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
  return { dialog, form, close, closed };
}

/** A labelled input with a hint and a place for an error. */
export function field(label, { name, hint, value = "", type = "text", ...attributes }) {
  const id = newId("editor-field");
  const input = h("input", { id, name, type, autocomplete: "off", ...attributes });
  input.value = value;
  const hintLine = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  if (hint) {
    input.setAttribute("aria-describedby", `${id}-hint`);
  }
  return h("div", { class: "field" }, h("label", { for: id }, label), hintLine, input);
}

/** A labelled tick. */
export function tick(label, { name, checked = false, ...attributes }) {
  return h("label", { class: "choice" }, h("input", { type: "checkbox", name, value: "y", checked, ...attributes }), h("span", {}, label));
}

/** Say what is wrong at a field and go there; without words, take back what was said. */
export function complain(input, words) {
  const holder = input.closest(".field");
  holder.querySelector(".error")?.remove();
  holder.classList.toggle("field-wrong", Boolean(words));
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && !id.endsWith("-error"));
  if (words) {
    const id = `${input.id}-error`;
    input.before(h("p", { class: "error", id }, words));
    described.push(id);
    input.setAttribute("aria-invalid", "true");
    input.focus();
  } else {
    input.removeAttribute("aria-invalid");
  }
  if (described.length) {
    input.setAttribute("aria-describedby", described.join(" "));
  } else {
    input.removeAttribute("aria-describedby");
  }
}
