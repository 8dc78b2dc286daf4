// A picture of the site's media with its caption, and what is known about each picture.
import { Node } from "@tiptap/core";
import { h } from "./dom.js";
import { caption } from "./parts.js";

/** Data of pictures from the server, requested by id in batches and each only once. */
export class Pictures {
  constructor(address) {
    this.address = address;
    this.known = new Map();
    this.waiting = new Map();
  }

  /** Keep what was just chosen or uploaded. */
  keep(image) {
    this.known.set(String(image.id), image);
  }

  /** Call back with the picture, with null when there is none of that number, undefined when nobody can say. */
  find(id, callback) {
    if (this.known.has(id)) {
      callback(this.known.get(id));
      return;
    }
    if (this.waiting.size === 0) {
      queueMicrotask(() => this.ask());
    }
    this.waiting.set(id, [...(this.waiting.get(id) ?? []), callback]);
  }

  async ask() {
    const waiting = this.waiting;
    this.waiting = new Map();
    let missing = null;
    const numbers = [...waiting.keys()].filter((id) => /^\d+$/.test(id));
    if (this.address && numbers.length) {
      try {
        const { images } = await getJson(this.address, { ids: numbers.join(",") });
        for (const image of images) {
          this.keep(image);
        }
      } catch {
        missing = undefined; // the text can be edited without its pictures
      }
    }
    for (const [id, callbacks] of waiting) {
      for (const callback of callbacks) {
        callback(this.known.get(id) ?? missing);
      }
    }
  }
}

/** A JSON answer from an address of our own. */
export async function getJson(address, query) {
  const answer = await fetch(`${address}?${new URLSearchParams(query)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    throw new Error(`${answer.status}`);
  }
  return answer.json();
}

class PictureView {
  constructor(node, editor, getPos, { pictures, onDetails }) {
    this.node = node;
    this.pictures = pictures;
    this.place = h("div", { class: "editor-picture", contenteditable: "false" });
    this.details = h(
      "button",
      { type: "button", class: "editor-details", tabindex: -1, onclick: () => onDetails(getPos()) },
      "Picture details",
    );
    this.contentDOM = h("span", { class: "editor-caption" });
    this.credit = h("span", { class: "credit", contenteditable: "false" });
    this.dom = h("figure", { class: "figure" }, this.place, h("figcaption", {}, this.contentDOM, " ", this.credit));
    this.place.addEventListener("click", (event) => {
      if (!this.details.contains(event.target)) {
        editor.commands.focus(getPos() + this.node.nodeSize - 1);
      }
    });
    this.load();
  }

  load() {
    this.pictures.find(this.node.attrs.image, (image) => {
      this.image = image;
      this.show();
    });
  }

  show() {
    const { image, alt, credit } = this.node.attrs;
    const words = alt ?? (this.image?.is_decorative ? "" : this.image?.alt) ?? "";
    this.credit.textContent = credit ?? this.image?.credit ?? "";
    const { width, height } = this.image ?? {};
    const missing = this.image === null ? "is not in Media any more" : "cannot be shown at the moment";
    const shown = this.image
      ? h("img", { src: this.image.full ?? this.image.url, alt: words, width, height, draggable: "false" })
      : h("p", { class: "editor-missing" }, `Picture ${image} ${missing}.`);
    const isSame = this.place.firstChild?.outerHTML === shown.outerHTML;
    if (!isSame) {
      this.place.replaceChildren(shown, this.details);
    }
  }

  update(node) {
    if (node.type !== this.node.type) {
      return false;
    }
    const isOther = node.attrs.image !== this.node.attrs.image;
    this.node = node;
    if (isOther) {
      this.load();
    } else {
      this.show();
    }
    return true;
  }

  ignoreMutation(mutation) {
    return mutation.type !== "selection" && !this.contentDOM.contains(mutation.target);
  }

  stopEvent(event) {
    return this.details.contains(event.target);
  }
}

export const Picture = Node.create({
  name: "picture",
  group: "block",
  content: "inline*",
  isolating: true,
  defining: true,
  draggable: true,
  addOptions: () => ({ pictures: null, onDetails: () => {} }),
  addAttributes: () => ({
    image: { default: "", parseHTML: (figure) => figure.dataset.image, rendered: false },
    alt: { default: null, parseHTML: (figure) => figure.getAttribute("data-alt"), rendered: false },
    credit: { default: null, parseHTML: (figure) => figure.getAttribute("data-credit"), rendered: false },
    source: { default: null, parseHTML: (figure) => figure.getAttribute("data-source"), rendered: false },
    licence: { default: null, parseHTML: (figure) => figure.getAttribute("data-licence"), rendered: false },
  }),
  parseHTML: () => [{ tag: "figure[data-image]", contentElement: caption }],
  renderHTML: ({ node }) => {
    const { image, ...said } = node.attrs;
    const names = ["alt", "credit", "source", "licence"].filter((name) => said[name] !== null);
    const here = Object.fromEntries(names.map((name) => [`data-${name}`, said[name]]));
    return ["figure", { "data-image": image, ...here }, ["figcaption", 0]];
  },
  addNodeView() {
    return ({ node, editor, getPos }) => new PictureView(node, editor, getPos, this.options);
  },
});
