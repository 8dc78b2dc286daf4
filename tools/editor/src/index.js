// Turns each <textarea data-editor> into a toolbar and a surface; the textarea stays in the form and keeps the HTML.
import { Editor, Extension } from "@tiptap/core";
import { cleanBody, cleanPaste } from "./clean.js";
import { detailsDialog, pictureDialog } from "./dialog-picture.js";
import { captionDialog, tableDialog, videoDialog } from "./dialog-small.js";
import { linkDialog } from "./dialog-link.js";
import { h, newId } from "./dom.js";
import { NEW_PARTS, insertParts, setAttributes } from "./insert.js";
import { unwrapText } from "./links.js";
import { currentPart, parts } from "./parts.js";
import { Picture, Pictures } from "./picture.js";
import { Placeholders } from "./placeholders.js";
import { nothingLeft, sentenceOf } from "./side.js";
import { table } from "./table.js";
import { text } from "./text.js";
import { makeToolbar } from "./toolbar.js";
import { write } from "./write.js";

// The first pasted paragraph flows into the empty one with the cursor, which takes over its direction and language.
function takeDirection(view, slice) {
  const { $from } = view.state.selection;
  const first = slice.content.firstChild;
  if ($from.parent.type.name === "paragraph" && $from.parent.content.size === 0 && (first?.attrs.dir || first?.attrs.lang)) {
    const { dir, lang } = first.attrs;
    view.dispatch(view.state.tr.setNodeMarkup($from.before(), undefined, { ...$from.parent.attrs, dir, lang }));
  }
}

function attach(textarea) {
  const label = textarea.labels?.[0];
  const hint = h(
    "p",
    { class: "hint editor-hint", id: newId("editor-hint") },
    "Press Alt+F10 to reach the toolbar and Escape to return. In a list or table, Tab moves inside it. To leave the text, press Escape and then Tab.",
  );
  const described = [textarea.getAttribute("aria-describedby"), hint.id].filter(Boolean).join(" ");
  if (label && !label.id) {
    label.id = newId("editor-label");
  }
  const pictures = new Pictures(textarea.dataset.pictures);
  const place = h("div", { class: "editor-place" });
  const notice = h("p", { class: "hint editor-left", "aria-live": "polite" });
  const isInvalid = textarea.getAttribute("aria-invalid") === "true";
  let tabLeaves = false;

  const editor = new Editor({
    element: place,
    injectCSS: false,
    content: saying((left) => cleanBody(textarea.value, left)),
    extensions: [
      ...text,
      ...table,
      ...parts,
      Picture.configure({ pictures, onDetails: (pos) => askDetails(pos) }),
      Placeholders,
      Extension.create({
        name: "ways",
        priority: 2000,
        addKeyboardShortcuts: () => ({
          "Alt-F10": () => {
            toolbar.focus();
            return true;
          },
          "Mod-k": () => {
            askLink();
            return true;
          },
        }),
      }),
    ],
    editorProps: {
      attributes: {
        class: "prose editor-surface",
        role: "textbox",
        "aria-multiline": "true",
        "aria-describedby": described,
        ...(label ? { "aria-labelledby": label.id } : { "aria-label": "Text" }),
        ...(isInvalid && { "aria-invalid": "true" }),
      },
      transformPastedHTML: (html) => saying((left) => cleanPaste(html, left)),
      transformPastedText: (words) => unwrapText(words),
      // Here true means that the editor does nothing and the browser goes to the next field.
      handleDOMEvents: {
        keydown(_view, event) {
          const leaves = tabLeaves && event.key === "Tab";
          if (event.key !== "Shift") {
            tabLeaves = event.key === "Escape";
          }
          return leaves;
        },
      },
      handlePaste(view, event, slice) {
        takeDirection(view, slice);
        return takeFiles(event.clipboardData, event);
      },
      handleDrop: (_view, event, _slice, moved) => !moved && takeFiles(event.dataTransfer, event),
    },
    onUpdate() {
      const html = write(editor.state.doc);
      if (html !== textarea.value) {
        textarea.value = html;
        textarea.dispatchEvent(new Event("input", { bubbles: true }));
      }
    },
    onTransaction: () => toolbar?.refresh(),
    // A text that begins with a picture has no place of its own where the browser would put the cursor.
    onFocus() {
      setTimeout(() => {
        const { view } = editor;
        if (view.hasFocus() && !view.dom.contains(document.getSelection().anchorNode)) {
          view.focus();
        }
      }, 25);
    },
  });

  function askLink() {
    linkDialog(editor, textarea.dataset.articles);
  }

  async function askPicture(files = []) {
    await pictureDialog({
      pictures,
      upload: textarea.dataset.upload,
      token: () => textarea.form?.elements.namedItem("csrf_token")?.value ?? "",
      files,
      onChosen: (images) =>
        insertParts(editor, images.map((image) => ({ type: "picture", attrs: { image: String(image.id) } }))),
    });
    editor.view.focus();
  }

  async function askDetails(pos) {
    const node = editor.state.doc.nodeAt(pos);
    await detailsDialog({
      node,
      image: pictures.known.get(node.attrs.image),
      onSave: (attributes) => setAttributes(editor, pos, attributes),
      onRemove: () => editor.commands.deleteRange({ from: pos, to: pos + node.nodeSize }),
    });
    editor.view.focus();
  }

  async function askCaption() {
    const { node, pos } = currentPart(editor.state);
    const plain = new DOMParser().parseFromString(node.attrs.caption, "text/html").body.textContent;
    await captionDialog(plain, (caption) => {
      if (caption !== plain) {
        const escaped = h("p", {}, caption).innerHTML;
        setAttributes(editor, pos, { caption: escaped });
      }
    });
    editor.view.focus();
  }

  async function askVideo() {
    await videoDialog(({ source, title }) =>
      insertParts(editor, [{ type: "video", attrs: { source }, content: [{ type: "text", text: title }] }]),
    );
    editor.view.focus();
  }

  async function askTable() {
    await tableDialog(({ rows, cols, withHeaderRow }) => {
      const cells = (type) => Array.from({ length: cols }, () => ({ type, content: [{ type: "paragraph" }] }));
      const content = Array.from({ length: rows }, (_, at) => ({
        type: "tableRow",
        content: cells(withHeaderRow && at === 0 ? "tableHeader" : "tableCell"),
      }));
      insertParts(editor, [{ type: "table", content }]);
    });
    editor.view.focus();
  }

  // A picture from the clipboard or dragged in: it needs words first. Text with pictures in it is pasted as text.
  function takeFiles(data, event) {
    const files = [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    const words = cleanPaste(data?.getData("text/html") ?? "").replace(/<[^>]*>/g, "").trim();
    if (files.length === 0 || words) {
      return false;
    }
    event.preventDefault();
    askPicture(files);
    return true;
  }

  // Selected text goes into the new box; without a selection the box is empty.
  const insert = (name) => () => {
    const isWrapped = !editor.state.selection.empty && ["callout", "disclaimer"].includes(name) && editor.commands.wrapIn(name);
    if (!isWrapped) {
      insertParts(editor, [NEW_PARTS[name]]);
    }
    editor.commands.focus();
  };

  let isHtml = false;
  function toggleHtml() {
    isHtml = !isHtml;
    if (isHtml) {
      textarea.value = write(editor.state.doc);
    } else {
      load();
    }
    textarea.hidden = !isHtml;
    place.hidden = isHtml;
    hint.hidden = isHtml;
    toolbar.setHtml(isHtml);
    (isHtml ? textarea : editor.view.dom).focus();
  }

  function load() {
    editor.commands.setContent(saying((left) => cleanBody(textarea.value, left)), { emitUpdate: false });
  }

  /** Clean something, and say under the editor what was left out. */
  function saying(clean) {
    const left = nothingLeft();
    const html = clean(left);
    notice.textContent = sentenceOf(left);
    return html;
  }

  const toolbar = makeToolbar(editor, {
    link: askLink,
    picture: () => askPicture(),
    details: askDetails,
    table: askTable,
    caption: askCaption,
    toggleHtml,
    leave: () => (isHtml ? textarea.focus() : editor.commands.focus()),
    insert: [
      ["Call to action", "A sentence and a booking button", insert("pullCall")],
      ["Call-out", "A box for important information", insert("callout")],
      ["Disclaimer", "A note at the end of the text", insert("disclaimer")],
      ["Sources", "A numbered list under its heading", insert("sources")],
      ["Trial form", "The booking form inside the text", insert("trialForm")],
      ["Video", "From YouTube or Vimeo", askVideo],
      ["Line", "A divider between two sections", insert("horizontalRule")],
    ],
  });

  const frame = h("div", { class: `editor${isInvalid ? " editor-wrong" : ""}` }, toolbar.element, place);
  textarea.before(frame, notice, hint);
  frame.append(textarea);
  textarea.hidden = true;
  toolbar.refresh();
  label?.addEventListener("click", (event) => {
    if (!isHtml) {
      event.preventDefault();
      editor.commands.focus();
    }
  });
  textarea.addEventListener("editor:load", () => {
    load();
    toolbar.refresh();
  });
}

document.querySelectorAll("textarea[data-editor]").forEach(attach);
