/* Helpers shared by the scripts about pictures: creating elements, requesting pictures from the panel, and the card of one
   upload with its fields, progress and errors. */
// biome-ignore lint/correctness/noUnusedVariables: picker.js and upload.js use it; classic scripts share their top level.
const clinicPictures = (() => {
  const MOST_BYTES = 20 * 1024 * 1024; // the server's limit, checked before a larger file is sent
  let lastId = 0;

  /** Create an element. A function as attribute becomes a listener; null and false omit the attribute. */
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

  /** Create a labelled input with a hint. */
  function field(label, hint, attributes = {}) {
    const id = newId();
    const input = h("input", { id, autocomplete: "off", "aria-describedby": hint ? `${id}-hint` : null, ...attributes });
    const line = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null;
    return { input, element: h("div", { class: "field" }, h("label", { for: id }, label), line, input) };
  }

  /** Show an error at a field, or remove it if there is no text. */
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

  /** Fetch pictures from the media library: { images, more }. */
  async function find(address, query) {
    const answer = await fetch(`${address}?${new URLSearchParams(query)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  // After a sign-in in another window this page's token is invalid. Any page of the panel contains a new one.
  async function renewToken(token) {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[name=csrf_token]")?.value;
    if (fresh) for (const input of document.querySelectorAll("[name=csrf_token]")) input.value = fresh;
    token.value = fresh ?? token.value;
  }

  // XMLHttpRequest, because fetch cannot report upload progress.
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
      request.addEventListener("error", () => fail("No connection. Please try again."));
      request.send(data);
    });
  }

  /** Create the card of one file. Its `upload()` resolves to the picture, or to null after showing an error. */
  function card(file, { address, token, credit = "", onRemove }) {
    const alt = field("Alt text", "Describe the picture in one sentence. Screen readers read it out.", { maxlength: 240 });
    const by = field("Credit", "The person who made it, like “Photo: Mei Tan”.", { maxlength: 160 });
    by.input.value = credit;
    const decorative = h("input", { type: "checkbox" });
    const tick = h("label", { class: "choice" }, decorative, h("span", {}, "Decorative: it adds nothing to the text"));
    const ticked = h("div", { class: "field" }, tick);
    const bar = h("progress", { max: 100, value: 0, hidden: true, "aria-label": `Upload of ${file.name}` });
    const wrong = h("p", { class: "error", role: "alert" });
    const again = h("button", { type: "button", class: "button button-small", hidden: true }, "Try again");
    const remove = h("button", { type: "button", class: "button button-quiet button-small" }, "Remove");
    const preview = h("img", { alt: "", class: "editor-preview", hidden: true });
    const buttons = h("div", { class: "form-buttons" }, again, remove);
    const words = h("div", {}, alt.element, ticked, by.element, bar, wrong, buttons);
    const element = h("fieldset", { class: "editor-upload" }, h("legend", {}, file.name), preview, words);
    let status = 0;

    // The content security policy allows data: for pictures, but not blob:.
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      preview.src = reader.result;
      preview.hidden = false;
    });
    preview.addEventListener("error", () => {
      preview.hidden = true; // this browser cannot show the format; the server checks it
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
      /** Return whether all fields are filled in; otherwise show errors at them. */
      check() {
        const isSaid = decorative.checked || alt.input.value.trim() !== "";
        const isCredited = by.input.value.trim() !== "";
        complain(alt.input, isSaid ? "" : "Describe the picture, or tick “Decorative”");
        complain(by.input, isCredited ? "" : "Enter who made the picture");
        return isSaid && isCredited;
      },
      async upload() {
        wrong.textContent = "";
        again.hidden = true;
        if (file.size > MOST_BYTES) {
          wrong.textContent = "The file is larger than 20 MB. Choose a smaller one.";
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
