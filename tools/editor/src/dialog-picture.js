// The picture dialogs: choose from Media, upload, and what is different about a picture in this one text.
import { complain, field, openDialog, tick } from "./dialog.js";
import { stopEnter } from "./dialog-link.js";
import { h, newId } from "./dom.js";
import { getJson } from "./picture.js";

/** Choose or upload pictures; `onChosen` gets those to be put into the text. Files given are offered for upload. */
export async function pictureDialog({ pictures, upload, token, files = [], onChosen }) {
  const done = (images) => {
    for (const image of images) {
      pictures.keep(image);
    }
    close();
    onChosen(images);
  };
  const tabs = [
    makeTab("Choose from Media", choosePanel(pictures, done)),
    makeTab("Upload", uploadPanel({ upload, token, files, onDone: done })),
  ];
  const list = h("div", { role: "tablist", class: "editor-tabs", "aria-label": "Source of the picture" });
  list.append(...tabs.map((tab) => tab.button));
  const show = (shown) => {
    for (const tab of tabs) {
      tab.button.setAttribute("aria-selected", String(tab === shown));
      tab.button.tabIndex = tab === shown ? 0 : -1;
      tab.button.toggleAttribute("data-first", tab === shown);
      tab.panel.hidden = tab !== shown;
    }
  };
  tabs.forEach((tab, at) => {
    tab.button.addEventListener("click", () => show(tab));
    tab.button.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
        show(tabs[1 - at]);
        tabs[1 - at].button.focus();
      }
    });
  });
  show(tabs[files.length ? 1 : 0]);
  const { close, closed } = openDialog({
    title: "Add a picture",
    content: [list, ...tabs.map((tab) => tab.panel)],
    isWide: true,
  });
  await closed;
}

function makeTab(name, content) {
  const id = newId("editor-tab");
  const button = h("button", { type: "button", role: "tab", id, "aria-controls": `${id}-panel` }, name);
  const panel = h("div", { role: "tabpanel", id: `${id}-panel`, "aria-labelledby": id }, ...content);
  return { button, panel };
}

function choosePanel(pictures, onDone) {
  const search = field("Search", { name: "search", type: "search" });
  const input = search.querySelector("input");
  const status = h("p", { class: "hint", role: "status" });
  const grid = h("ul", { class: "editor-grid" });
  const more = h("button", { type: "button", class: "button button-quiet button-small", hidden: true }, "Show more");
  let page = 0;
  let latest = 0;
  const load = async (number) => {
    latest += 1;
    const mine = latest;
    status.textContent = "Loading …";
    try {
      const answer = await getJson(pictures.address, { q: input.value.trim(), page: number });
      if (mine !== latest) {
        return;
      }
      page = number;
      const items = answer.images.map((image) => choice(image, onDone));
      grid[number === 1 ? "replaceChildren" : "append"](...items);
      more.hidden = !answer.more;
      status.textContent = grid.children.length ? "Select a picture to insert it." : "No pictures match.";
      if (number > 1) {
        items[0]?.firstChild.focus();
      }
    } catch {
      more.hidden = false;
      status.textContent = "The pictures could not be loaded. Press “Show more” to try again.";
    }
  };
  more.addEventListener("click", () => load(page + 1));
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => load(1), 250);
  });
  stopEnter(input);
  load(1);
  return [search, status, grid, more];
}

function choice(image, onDone) {
  const words = image.alt || "Decorative picture";
  const picture = h("img", { src: image.url, alt: "", loading: "lazy", width: image.width, height: image.height });
  const label = h("span", {}, `${words} (${image.id})`);
  return h("li", {}, h("button", { type: "button", onclick: () => onDone([image]) }, picture, label));
}

function uploadPanel({ upload, token, files, onDone }) {
  const chooser = field("Pictures from this device", {
    name: "files",
    type: "file",
    accept: "image/*",
    multiple: true,
    hint: "One or more: JPEG, PNG or WebP, up to 20 MB each.",
  });
  const entries = h("div");
  const send = h("button", { type: "button", class: "button button-small" }, "Upload and insert");
  const status = h("p", { role: "status", class: "hint" });
  const foot = h("div", { class: "editor-dialog-foot editor-upload-foot", hidden: true }, send, status);
  let waiting = [];
  const offer = (chosen) => {
    waiting = [...chosen].map(uploadEntry);
    entries.replaceChildren(...waiting.map((entry) => entry.element));
    foot.hidden = waiting.length === 0;
  };
  chooser.querySelector("input").addEventListener("change", (event) => offer(event.target.files));
  send.addEventListener("click", async () => {
    if (!waiting.every((entry) => entry.image || entry.check())) {
      return;
    }
    send.disabled = true;
    for (const entry of waiting.filter((one) => !one.image)) {
      status.textContent = `Uploading ${entry.name} …`;
      try {
        entry.image = await sendPicture(upload, entry.data(token()), entry.progress);
        entry.say("");
      } catch (error) {
        status.textContent = "";
        send.disabled = false;
        send.textContent = "Try again";
        entry.say(error.message);
        return;
      }
    }
    onDone(waiting.map((entry) => entry.image));
  });
  offer(files);
  return [chooser, entries, foot];
}

// One file with its alternative text and credit.
function uploadEntry(file) {
  const alt = field("Alternative text", {
    name: "alt",
    hint: "Describe the picture in one sentence for people who cannot see it.",
  });
  const credit = field("Credit", { name: "credit", hint: "The person who made it, such as “Photo: Mei Tan”." });
  const decorative = tick("Decorative: it adds nothing to the text", { name: "is_decorative" });
  const bar = h("progress", { max: 100, value: 0, hidden: true, "aria-label": `Upload of ${file.name}` });
  const wrong = h("p", { class: "error", role: "alert" });
  const preview = h("img", { alt: "", class: "editor-preview", hidden: true });
  const altInput = alt.querySelector("input");
  const isDecorative = decorative.querySelector("input");
  isDecorative.addEventListener("change", () => {
    altInput.disabled = isDecorative.checked;
    complain(altInput, "");
  });
  // The policy of the site lets pictures come from data:, not from blob:.
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    preview.src = reader.result;
    preview.hidden = false;
  });
  preview.addEventListener("error", () => {
    preview.hidden = true; // a kind that this browser cannot show; the server says whether it can read it
  });
  if (file.type.startsWith("image/")) {
    reader.readAsDataURL(file);
  }
  return {
    name: file.name,
    image: null,
    element: h("fieldset", { class: "editor-upload" }, h("legend", {}, file.name), preview, h("div", {}, alt, decorative, credit, bar, wrong)),
    check() {
      const isSaid = isDecorative.checked || altInput.value.trim() !== "";
      complain(altInput, isSaid ? "" : "Describe the picture, or tick “Decorative”.");
      return isSaid;
    },
    data(token) {
      const data = new FormData();
      data.append("file", file);
      data.append("alt", isDecorative.checked ? "" : altInput.value.trim());
      data.append("credit", credit.querySelector("input").value.trim());
      if (isDecorative.checked) {
        data.append("is_decorative", "y");
      }
      data.append("csrf_token", token);
      return data;
    },
    progress(percent) {
      bar.hidden = false;
      bar.value = percent;
    },
    say(words) {
      wrong.textContent = words;
      bar.hidden = bar.hidden || Boolean(words);
      if (words) {
        wrong.scrollIntoView({ block: "center" });
      }
    },
  };
}

// XMLHttpRequest, because fetch reports no upload progress.
function sendPicture(address, data, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) {
        onProgress(Math.round((event.loaded / event.total) * 100));
      }
    });
    request.addEventListener("load", () => {
      if (request.status === 201 && request.response) {
        resolve(request.response);
      } else if (request.status === 413) {
        reject(new Error(request.response?.error ?? "The file is too large. Please make it smaller."));
      } else {
        reject(new Error(request.response?.error ?? "The picture was not accepted. Please try again."));
      }
    });
    request.addEventListener("error", () => reject(new Error("No connection. Please try again.")));
    onProgress(0);
    request.send(data);
  });
}

/** The alternative text and the credit of a picture in this text only. */
export async function detailsDialog({ node, image, onSave, onRemove }) {
  const own = image?.is_decorative ? "The picture is marked as decorative." : image?.alt ? `“${image.alt}”` : "It has none yet.";
  const group = newId("editor-alt");
  const { alt, credit, source, licence } = node.attrs;
  const chosen = alt === null ? "own" : alt === "" ? "decorative" : "other";
  const radio = (value, label) => {
    const input = h("input", { type: "radio", name: group, value, checked: value === chosen });
    return h("label", { class: "choice" }, input, h("span", {}, label));
  };
  const other = field("Alternative text in this text", { name: "alt", value: alt ?? "" });
  const otherInput = other.querySelector("input");
  const choices = h(
    "fieldset",
    { class: "field" },
    h("legend", {}, "Alternative text for screen readers"),
    radio("own", `Use the picture's own text. ${own}`),
    radio("other", "Use another text here"),
    radio("decorative", "None: the picture is decorative here"),
  );
  const creditField = field("Credit in this text", {
    name: "credit",
    value: credit ?? "",
    hint: `Leave it empty to show the picture's own credit${image?.credit ? `: “${image.credit}”` : ""}.`,
  });
  const sourceField = field("Link to the original in this text", {
    name: "source",
    type: "url",
    value: source ?? "",
    hint: "Only if you enter a credit above. The address must begin with https://",
  });
  const licenceField = field("Licence in this text", { name: "licence", value: licence ?? "" });
  const showOther = () => {
    other.hidden = choices.querySelector("input:checked").value !== "other";
  };
  choices.addEventListener("change", showOther);
  showOther();
  const remove = h("button", { type: "button", class: "button button-quiet button-small" }, "Remove picture");
  const { close, closed } = openDialog({
    title: "Picture details",
    content: [choices, other, creditField, sourceField, licenceField],
    submit: "Save details",
    extra: [remove],
    onSubmit() {
      const value = choices.querySelector("input:checked").value;
      const words = otherInput.value.trim();
      if (value === "other" && !words) {
        complain(otherInput, "Enter the text, or choose another option.");
        return null;
      }
      const creditHere = creditField.querySelector("input").value.trim();
      // A stored empty credit means "none here"; it stays unless something is typed.
      const kept = creditHere === "" && credit === "" ? "" : null;
      const sourceInput = sourceField.querySelector("input");
      const sourceHere = sourceInput.value.trim();
      if (sourceHere && !/^https?:\/\/[^\s"'<>]+$/.test(sourceHere)) {
        complain(sourceInput, "Enter an address that begins with https://");
        return null;
      }
      return () =>
        onSave({
          alt: { own: null, decorative: "", other: words }[value],
          credit: creditHere || kept,
          source: sourceHere || null,
          licence: licenceField.querySelector("input").value.trim() || null,
        });
    },
  });
  remove.addEventListener("click", () => {
    close();
    onRemove();
  });
  await closed;
}
