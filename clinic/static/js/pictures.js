/* What the scripts about pictures share: building elements, asking the panel for pictures, and the card of one file that
   is to be uploaded, with its words, its progress and what went wrong. */
// biome-ignore lint/correctness/noUnusedVariables: picker.js and upload.js use it; classic scripts share their top level.
const clinicPictures = (() => {
  const MOST_BYTES = 20 * 1024 * 1024; // as the server has it; a larger file need not be sent to be refused
  let lastId = 0;

  /** An element; attributes that are functions become listeners, null and false leave the attribute out. */
  function h(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  function newId() {
    lastId += 1;
    return `picture-${lastId}`;
  }

  /** A labelled input with a hint. */
  function field(label, hint, attributes = {}) {
    const id = newId();
    const input = h("input", { id, autocomplete: "off", "aria-describedby": hint ? `${id}-hint` : null, ...attributes });
    const line = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null;
    return { input, element: h("div", { class: "field" }, h("label", { for: id }, label), line, input) };
  }

  /** Say what is wrong at a field; without words, take back what was said. */
  function complain(input, words) {
    const holder = input.closest(".field");
    holder.querySelector(".error")?.remove();
    holder.classList.toggle("field-wrong", Boolean(words));
    const described = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && !id.endsWith("-error"));
    if (words) {
      input.before(h("p", { class: "error", id: `${input.id}-error` }, words));
      described.push(`${input.id}-error`);
      input.setAttribute("aria-invalid", "true");
    } else input.removeAttribute("aria-invalid");
    if (described.length) input.setAttribute("aria-describedby", described.join(" "));
    else input.removeAttribute("aria-describedby");
  }

  /** Pictures of Media: { images, more }. */
  async function find(address, query) {
    const answer = await fetch(`${address}?${new URLSearchParams(query)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  // After a sign-in in another window this page's token is no longer good; a new one stands in every page.
  async function renewToken(token) {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[name=csrf_token]")?.value;
    if (fresh) for (const input of document.querySelectorAll("[name=csrf_token]")) input.value = fresh;
    token.value = fresh ?? token.value;
  }

  // XMLHttpRequest, because fetch cannot tell how much has been sent.
  function send(address, data, onProgress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", address);
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) onProgress(Math.round((event.loaded / event.total) * 100));
      });
      const fail = (words) => reject(Object.assign(new Error(words), { status: request.status }));
      request.addEventListener("load", () => {
        if (request.status === 201 && request.response) resolve(request.response);
        else fail(request.response?.error ?? "The picture was not accepted. Please try again.");
      });
      request.addEventListener("error", () => fail("There is no connection. Please try again."));
      request.send(data);
    });
  }

  /** The card of one file. `upload()` answers with the picture, or with null after saying what went wrong. */
  function card(file, { address, token, credit = "", onRemove }) {
    const alt = field("Alt text", "What is seen, in one sentence. Screen readers read it out.", { maxlength: 240 });
    const by = field("Credit", "Who made it, like “Photo: Mei Tan”.", { maxlength: 160 });
    by.input.value = credit;
    const decorative = h("input", { type: "checkbox" });
    const tick = h("label", { class: "choice" }, decorative, h("span", {}, "Decorative: it says nothing that the text does not say"));
    const ticked = h("div", { class: "field" }, tick);
    const bar = h("progress", { max: 100, value: 0, hidden: true, "aria-label": `Upload of ${file.name}` });
    const wrong = h("p", { class: "error", role: "alert" });
    const again = h("button", { type: "button", class: "button button-small", hidden: true }, "Try again");
    const remove = h("button", { type: "button", class: "button button-quiet button-small" }, "Leave it out");
    const preview = h("img", { alt: "", class: "editor-preview", hidden: true });
    const buttons = h("div", { class: "form-buttons" }, again, remove);
    const words = h("div", {}, alt.element, ticked, by.element, bar, wrong, buttons);
    const element = h("fieldset", { class: "editor-upload" }, h("legend", {}, file.name), preview, words);
    let status = 0;

    // The policy of the site lets pictures come from data:, not from blob:.
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      preview.src = reader.result;
      preview.hidden = false;
    });
    preview.addEventListener("error", () => {
      preview.hidden = true; // a kind that this browser cannot show; the server says whether it can read it
    });
    if (file.type.startsWith("image/")) reader.readAsDataURL(file);

    decorative.addEventListener("change", () => {
      alt.input.disabled = decorative.checked;
      complain(alt.input, "");
    });
    const self = {
      element,
      credit: by.input,
      image: null,
      /** Whether everything was said; otherwise it says at the fields what is missing. */
      check() {
        const isSaid = decorative.checked || alt.input.value.trim() !== "";
        const isCredited = by.input.value.trim() !== "";
        complain(alt.input, isSaid ? "" : "Say what is seen, or tick “Decorative”");
        complain(by.input, isCredited ? "" : "Say who made the picture");
        return isSaid && isCredited;
      },
      async upload() {
        wrong.textContent = "";
        again.hidden = true;
        if (file.size > MOST_BYTES) {
          wrong.textContent = "The file is larger than 20 MB. Make it smaller, or choose another one.";
          return null;
        }
        bar.hidden = false;
        bar.value = 0;
        remove.disabled = true;
        try {
          if (status === 400 || status === 401) await renewToken(token);
          const data = new FormData();
          data.append("file", file);
          data.append("alt", decorative.checked ? "" : alt.input.value);
          data.append("credit", by.input.value);
          if (decorative.checked) data.append("is_decorative", "y");
          data.append("csrf_token", token.value);
          self.image = await send(address, data, (percent) => {
            bar.value = percent;
          });
        } catch (error) {
          status = error.status ?? 0;
          bar.hidden = true;
          wrong.textContent = error.message;
          again.hidden = false;
        }
        remove.disabled = false;
        return self.image;
      },
    };
    remove.addEventListener("click", () => onRemove(self));
    again.addEventListener("click", () => element.dispatchEvent(new CustomEvent("again")));
    return self;
  }

  return { h, newId, field, find, card };
})();
