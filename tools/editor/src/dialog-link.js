// The link dialog: an address typed, or one of our own articles found by its words.
import { complain, field, openDialog } from "./dialog.js";
import { h } from "./dom.js";
import { unwrapLink } from "./links.js";
import { getJson } from "./picture.js";

/** Returns a typed address as one that works, or null. */
export function completeAddress(typed) {
  const address = unwrapLink(typed.trim());
  if (/^(https?:\/\/[^\s]+|mailto:[^\s]+|tel:[+\d][\d\s-]*|\/[^\s]*|#[^\s]+)$/i.test(address)) {
    return address.startsWith("tel:") ? address.replace(/[\s-]/g, "") : address;
  }
  if (/^[^\s@:/]+@[^\s@]+\.[^\s@]+$/.test(address)) {
    return `mailto:${address}`;
  }
  if (/^[\w-]+(\.[\w-]+)+([/?#][^\s]*)?$/.test(address)) {
    return `https://${address}`;
  }
  return null;
}

/** Ask for the address of a link and set it on what is selected. */
export async function linkDialog(editor, articles) {
  const { selection } = editor.state;
  const old = editor.getAttributes("link");
  const isNew = !old.href;
  const needsWords = isNew && selection.empty;
  const address = field("Address", {
    name: "address",
    value: old.href ?? "",
    hint: "A web address, an email address, or a page on this site such as /book/",
    inputmode: "url",
    "data-first": true,
  });
  const words = needsWords ? field("Link text", { name: "words", hint: "Leave it empty to show the address." }) : null;
  const input = address.querySelector("input");
  const take = (item) => {
    input.value = item.address;
    complain(input, "");
    if (words && !words.querySelector("input").value) {
      words.querySelector("input").value = item.title;
    }
    input.focus();
  };
  const picker = articles ? articlePicker(articles, take) : null;
  const place = (chain) => (isNew ? chain : chain.extendMarkRange("link"));
  const remove = h("button", { type: "button", class: "button button-quiet button-small" }, "Remove link");
  const { close, closed } = openDialog({
    title: isNew ? "Add a link" : "Edit link",
    content: [address, words, picker],
    submit: isNew ? "Add link" : "Save link",
    extra: isNew ? [] : [remove],
    onSubmit() {
      const href = completeAddress(input.value);
      if (!href) {
        complain(input, "Enter an address such as https://example.org or /book/");
        return null;
      }
      if (!needsWords) {
        return () => place(editor.chain().focus()).setLink({ href }).run();
      }
      const shown = words.querySelector("input").value.trim() || input.value.trim();
      const link = { type: "text", text: shown, marks: [{ type: "link", attrs: { href } }] };
      return () => editor.chain().focus().insertContent(link).unsetMark("link").run();
    },
  });
  remove.addEventListener("click", () => {
    close();
    editor.chain().focus().extendMarkRange("link").unsetLink().run();
  });
  await closed;
  editor.view.focus();
}

function articlePicker(articles, onTake) {
  const search = field("Or search our articles", { name: "search", type: "search" });
  const status = h("p", { class: "hint", role: "status" });
  const list = h("ul", { class: "editor-found" });
  let latest = 0;
  const find = async () => {
    latest += 1;
    const mine = latest;
    try {
      const { items } = await getJson(articles, { q: search.querySelector("input").value.trim() });
      if (mine === latest) {
        status.textContent = items.length ? "" : "No articles match.";
        list.replaceChildren(...items.map((item) => foundArticle(item, onTake)));
      }
    } catch {
      status.textContent = "The articles could not be loaded. You can still enter an address above.";
    }
  };
  let timer = 0;
  search.querySelector("input").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 250);
  });
  stopEnter(search.querySelector("input"));
  find();
  return h("div", { class: "editor-picker" }, search, status, list);
}

/** Enter in a search box searches; it must not send the dialog. */
export function stopEnter(input) {
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
    }
  });
}

function foundArticle(item, onTake) {
  const state = item.state === "published" ? null : h("span", { class: "quiet" }, ` (${item.state})`);
  const button = h("button", { type: "button", onclick: () => onTake(item) }, item.title, state);
  return h("li", {}, button);
}
