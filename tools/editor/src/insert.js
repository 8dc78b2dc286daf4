// Putting whole parts into the text, moving them, and taking them out again.
import { NodeSelection, TextSelection } from "@tiptap/pm/state";
import { Fragment } from "@tiptap/pm/model";
import { currentPart } from "./parts.js";

const paragraph = (...content) => ({ type: "paragraph", content });
const item = { type: "listItem", content: [paragraph()] };
const bookLink = { type: "link", attrs: { href: "/book/" } };

/** The content of each new part. */
export const NEW_PARTS = {
  pullCall: {
    type: "pullCall",
    content: [paragraph(), paragraph({ type: "text", text: "Book a trial session", marks: [bookLink] })],
  },
  callout: { type: "callout", content: [paragraph()] },
  disclaimer: { type: "disclaimer", content: [paragraph()] },
  sources: {
    type: "sources",
    content: [
      { type: "heading", attrs: { level: 2 }, content: [{ type: "text", text: "Sources" }] },
      { type: "orderedList", content: [item] },
    ],
  },
  trialForm: { type: "trialForm" },
  horizontalRule: { type: "horizontalRule" },
};

/** Put parts below the one with the cursor, or in place of an empty paragraph, and go into the first. */
export function insertParts(editor, parts) {
  const { state, view } = editor;
  const { $from } = state.selection;
  const at = $from.depth === 0 ? $from.pos : $from.before(1);
  const here = state.doc.nodeAt(at);
  const isFree = here?.type.name === "paragraph" && here.content.size === 0;
  const nodes = parts.map((part) => state.schema.nodeFromJSON(part));
  const from = isFree || !here ? at : at + here.nodeSize;
  const tr = state.tr.replaceWith(from, isFree ? at + here.nodeSize : from, Fragment.from(nodes));
  const end = from + nodes.reduce((sum, node) => sum + node.nodeSize, 0);
  if (nodes[0].isAtom && end === tr.doc.content.size) {
    tr.insert(end, state.schema.nodes.paragraph.create());
  }
  tr.setSelection(TextSelection.near(tr.doc.resolve(nodes[0].isAtom ? end : firstText(nodes[0], from))));
  view.dispatch(tr.scrollIntoView());
  view.focus();
}

// The place for the cursor: the first empty paragraph, else the first text.
function firstText(node, from) {
  let empty = null;
  let first = null;
  node.descendants((child, pos) => {
    if (child.isTextblock) {
      first ??= from + 1 + pos + 1;
      empty ??= child.content.size === 0 ? from + 1 + pos + 1 : null;
    }
  });
  return empty ?? first ?? from + 1;
}

/** Move the part around the cursor before the block above it (-1) or after the one below it (1). */
export function movePart(editor, step) {
  const { state, view } = editor;
  const part = currentPart(state);
  const $pos = state.doc.resolve(part.pos);
  const other = step < 0 ? $pos.nodeBefore : state.doc.resolve(part.pos + part.node.nodeSize).nodeAfter;
  if (!other || (step > 0 && other.type.name === "paragraph" && other.content.size === 0 && isLast($pos, part, other))) {
    return;
  }
  const target = step < 0 ? part.pos - other.nodeSize : part.pos + other.nodeSize;
  const shift = target - part.pos;
  const { anchor } = state.selection;
  const tr = state.tr.delete(part.pos, part.pos + part.node.nodeSize).insert(target, part.node);
  tr.setSelection(
    state.selection.node ? NodeSelection.create(tr.doc, target) : TextSelection.near(tr.doc.resolve(anchor + shift)),
  );
  view.dispatch(tr.scrollIntoView());
  view.focus();
}

// The empty paragraph at the end is only there to type in.
const isLast = ($pos, part, other) => part.pos + part.node.nodeSize + other.nodeSize === $pos.end();

/** Remove the part around the cursor with all that is in it. */
export function removePart(editor) {
  const part = currentPart(editor.state);
  editor.chain().focus().deleteRange({ from: part.pos, to: part.pos + part.node.nodeSize }).run();
}

/** Take the box away and leave its text. */
export function openBox(editor) {
  const part = currentPart(editor.state);
  const { state, view } = editor;
  const tr = state.tr.replaceWith(part.pos, part.pos + part.node.nodeSize, part.node.content);
  tr.setSelection(TextSelection.near(tr.doc.resolve(Math.max(part.pos, state.selection.from - 1))));
  view.dispatch(tr.scrollIntoView());
  view.focus();
}

/** Say something else about a node: setAttributes(editor, pos, { alt: "…" }). */
export function setAttributes(editor, pos, attributes) {
  const node = editor.state.doc.nodeAt(pos);
  editor.view.dispatch(editor.state.tr.setNodeMarkup(pos, undefined, { ...node.attrs, ...attributes }));
}
