// The toolbar: one stop of the Tab key, arrow keys inside, and a second row for the part around the cursor.
import { h, icon, newId } from "./dom.js";
import { movePart, openBox, removePart } from "./insert.js";
import { PART_NAMES, currentPart } from "./parts.js";

const STYLES = [
  ["paragraph", "Paragraph"],
  ["2", "Heading 2"],
  ["3", "Heading 3"],
  ["4", "Heading 4"],
];
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const keys = (shortcut) => (isMac ? shortcut.replace("Ctrl+", "⌘").replace("Shift+", "⇧") : shortcut);
const isHeader = (cell) => cell.type.name === "tableHeader";

/** Build the toolbar of an editor. `actions` are the dialogs and the toggle that lie outside of it. */
export function makeToolbar(editor, actions) {
  const refreshers = [];
  const does = (command) => () => command(editor.chain().focus()).run();

  function button(name, content, run, { shortcut, isPressed, isOff, className = "" } = {}) {
    const element = h(
      "button",
      { type: "button", class: `editor-button ${className}`, "aria-label": typeof content === "string" && content === name ? null : name },
      content,
    );
    element.dataset.tip = shortcut ? `${name} (${keys(shortcut)})` : name;
    if (shortcut) {
      element.setAttribute("aria-keyshortcuts", shortcut.replace("Ctrl", isMac ? "Meta" : "Control"));
    }
    element.addEventListener("click", () => {
      if (element.getAttribute("aria-disabled") !== "true") {
        run(element);
      }
    });
    refreshers.push(() => {
      if (isPressed) {
        element.setAttribute("aria-pressed", String(isPressed()));
      }
      if (isOff) {
        element.setAttribute("aria-disabled", String(isOff()));
      }
    });
    return element;
  }

  const group = (name, ...children) => h("div", { class: "editor-group", role: "group", "aria-label": name }, ...children);
  const mark = (name, type, letter, shortcut, toggle) =>
    button(name, h("span", { class: `editor-letter-${type}`, "aria-hidden": "true" }, letter), does(toggle), {
      shortcut,
      isPressed: () => editor.isActive(type),
    });
  const drawn = (name, drawing, run, options) => button(name, icon(drawing), run, options);

  const style = h("select", { "aria-label": "Text style", class: "editor-style" });
  style.dataset.tip = "Text style";
  style.append(...STYLES.map(([value, name]) => h("option", { value }, name)));
  style.addEventListener("change", () => {
    const chain = editor.chain().focus();
    (style.value === "paragraph" ? chain.setParagraph() : chain.setHeading({ level: Number(style.value) })).run();
  });
  refreshers.push(() => {
    style.value = String([2, 3, 4].find((level) => editor.isActive("heading", { level })) ?? "paragraph");
  });

  const menu = makeMenu(actions.insert, button);
  const html = button("Edit as HTML", h("span", { class: "editor-words" }, h("span", {}, "Edit as "), "HTML"), actions.toggleHtml, { className: "editor-html" });
  const row = h(
    "div",
    { class: "editor-row" },
    style,
    group(
      "Words",
      mark("Bold", "bold", "B", "Ctrl+B", (chain) => chain.toggleBold()),
      mark("Italic", "italic", "I", "Ctrl+I", (chain) => chain.toggleItalic()),
      drawn("Link", "link", actions.link, { shortcut: "Ctrl+K", isPressed: () => editor.isActive("link") }),
    ),
    group(
      "Paragraphs",
      drawn("Bullet list", "bullets", does((chain) => chain.toggleBulletList()), {
        shortcut: "Ctrl+Shift+8",
        isPressed: () => editor.isActive("bulletList"),
      }),
      drawn("Numbered list", "numbers", does((chain) => chain.toggleOrderedList()), {
        shortcut: "Ctrl+Shift+7",
        isPressed: () => editor.isActive("orderedList"),
      }),
      drawn("Quote", "quote", does((chain) => chain.toggleBlockquote()), {
        shortcut: "Ctrl+Shift+B",
        isPressed: () => editor.isActive("blockquote"),
      }),
    ),
    group("Parts", drawn("Picture", "picture", actions.picture), drawn("Table", "table", actions.table), menu.button),
    group(
      "Steps",
      drawn("Undo", "undo", does((chain) => chain.undo()), { shortcut: "Ctrl+Z", isOff: () => !editor.can().undo() }),
      drawn("Redo", "redo", does((chain) => chain.redo()), { shortcut: "Ctrl+Shift+Z", isOff: () => !editor.can().redo() }),
    ),
    html,
  );

  const inTable = () => currentPart(editor.state);
  const rows = () => inTable()?.node;
  const word = (name, run, options) => button(name, name, run, { ...options, className: "editor-word" });
  const tools = {
    table: [
      word("Row above", does((chain) => chain.addRowBefore())),
      word("Row below", does((chain) => chain.addRowAfter())),
      word("Column left", does((chain) => chain.addColumnBefore())),
      word("Column right", does((chain) => chain.addColumnAfter())),
      word("Delete row", does((chain) => chain.deleteRow())),
      word("Delete column", does((chain) => chain.deleteColumn())),
      word("Header row", does((chain) => chain.toggleHeaderRow()), {
        isPressed: () => rows()?.type.name === "table" && rows().firstChild.children.every(isHeader),
      }),
      word("Header column", does((chain) => chain.toggleHeaderColumn()), {
        isPressed: () => rows()?.type.name === "table" && rows().children.every((one) => isHeader(one.firstChild)),
      }),
      word("Caption", actions.caption),
      word("Delete table", does((chain) => chain.deleteTable())),
    ],
    picture: [word("Picture details", () => actions.details(currentPart(editor.state).pos))],
    blockquote: [
      word("Source title", does((chain) => chain.toggleMark("cite")), { isPressed: () => editor.isActive("cite") }),
    ],
    box: [word("Remove box, keep text", () => openBox(editor))],
    any: [
      word("Move up", () => movePart(editor, -1)),
      word("Move down", () => movePart(editor, 1)),
      word("Remove", () => removePart(editor)),
    ],
  };
  const partName = h("span", { class: "editor-part" });
  const second = h("div", { class: "editor-row editor-row-part", hidden: true });
  const boxes = ["pullCall", "callout", "disclaimer", "sources"];
  let shown = null;
  refreshers.push(() => {
    const name = currentPart(editor.state)?.node.type.name ?? null;
    if (name === shown) {
      return;
    }
    shown = name;
    second.hidden = !name;
    if (name) {
      partName.textContent = PART_NAMES[name];
      const own = boxes.includes(name) ? tools.box : (tools[name] ?? []);
      const any = name === "table" ? tools.any.slice(0, 2) : tools.any;
      second.replaceChildren(partName, ...own, ...(name === "blockquote" ? [] : any));
      makeCurrent(current); // the buttons that are new here are no Tab stops of their own
    }
  });

  const tip = h("div", { class: "editor-tip", "aria-hidden": "true", hidden: true });
  const element = h(
    "div",
    { class: "editor-toolbar", role: "toolbar", "aria-label": "Text tools", id: newId("editor-toolbar") },
    row,
    second,
    menu.element,
    tip,
  );
  const items = () =>
    [...element.querySelectorAll(".editor-row button, select")].filter((one) => one.offsetParent !== null && !one.disabled);
  let current = style;

  function makeCurrent(item) {
    current = item;
    element.querySelectorAll(".editor-row button, select").forEach((one) => {
      one.tabIndex = one === item ? 0 : -1;
    });
  }

  element.addEventListener("keydown", (event) => {
    if (menu.element.contains(event.target)) {
      return;
    }
    const all = items();
    const at = all.indexOf(event.target);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      const item = all[(next + all.length) % all.length];
      makeCurrent(item);
      item.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      actions.leave();
    }
  });
  element.addEventListener("focusin", (event) => {
    if (event.target.matches(".editor-row *")) {
      makeCurrent(event.target);
    }
  });
  // A press keeps the cursor and the selection in the text.
  element.addEventListener("mousedown", (event) => {
    if (event.target.closest("button")) {
      event.preventDefault();
    }
  });
  showTips(element, tip);

  function refresh() {
    for (const one of refreshers) {
      one();
    }
    if (current.offsetParent === null) {
      makeCurrent(style.disabled ? html : style);
    }
  }

  makeCurrent(style);
  return {
    element,
    refresh,
    focus: () => current.focus(),
    /** While the HTML is shown only the way back works. */
    setHtml(isHtml) {
      element.querySelectorAll(".editor-row button, select").forEach((one) => {
        one.disabled = isHtml && one !== html;
      });
      html.setAttribute("aria-pressed", String(isHtml));
      second.hidden = isHtml || !shown;
      makeCurrent(isHtml ? html : style);
    },
  };
}

function makeMenu(entries, button) {
  const id = newId("editor-menu");
  const element = h("div", { class: "editor-menu", role: "menu", id, "aria-label": "Insert", hidden: true });
  const opener = button("Insert", h("span", { class: "editor-words" }, icon("plus"), h("span", {}, "Insert")), () => (element.hidden ? open() : close()), {
    className: "editor-insert",
  });
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-controls", id);
  opener.setAttribute("aria-expanded", "false");
  const items = entries.map(([name, about, run]) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        tabindex: -1,
        onclick: () => {
          close();
          run();
        },
      },
      h("span", {}, name),
      h("span", { class: "quiet" }, about),
    ),
  );
  element.append(...items);

  function place() {
    // Under its button, but never beyond the right edge of the toolbar.
    const room = element.offsetParent.clientWidth - element.offsetWidth - 4;
    const outer = element.offsetParent.getBoundingClientRect();
    const inner = opener.getBoundingClientRect();
    element.style.left = `${Math.max(4, Math.min(inner.left - outer.left, room))}px`;
    element.style.top = `${inner.bottom - outer.top + 4}px`;
  }

  function open() {
    element.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    place();
    items[0].focus();
  }

  function close() {
    element.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }

  element.addEventListener("keydown", (event) => {
    const at = items.indexOf(event.target);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      items[(next + items.length) % items.length].focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
      opener.focus();
    } else if (event.key === "Tab") {
      close();
    }
  });
  opener.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("mousedown", (event) => {
    if (!element.hidden && !element.contains(event.target) && !opener.contains(event.target)) {
      close();
    }
  });
  window.addEventListener("resize", () => element.hidden || place());
  return { button: opener, element };
}

// One tip for the whole toolbar, kept inside it, so that nothing sticks out of a small screen.
function showTips(element, tip) {
  const show = (target) => {
    const about = target.closest?.("[data-tip]");
    tip.hidden = !about || about.textContent === about.dataset.tip;
    if (!tip.hidden) {
      tip.textContent = about.dataset.tip;
      const outer = element.getBoundingClientRect();
      const inner = about.getBoundingClientRect();
      const middle = inner.left - outer.left + inner.width / 2 - tip.offsetWidth / 2;
      tip.style.left = `${Math.max(2, Math.min(middle, outer.width - tip.offsetWidth - 2))}px`;
      tip.style.top = `${inner.bottom - outer.top + 6}px`;
    }
  };
  const hide = () => {
    tip.hidden = true;
  };
  element.addEventListener("pointerover", (event) => event.pointerType === "mouse" && show(event.target));
  element.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && show(event.target));
  element.addEventListener("pointerleave", hide);
  element.addEventListener("focusout", hide);
  element.addEventListener("click", hide);
}
