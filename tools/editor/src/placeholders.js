// Grey words where nothing is written yet. (Tiptap's own extension looks into the document as it was before the change.)
import { Extension } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";

const WORDS = {
  doc: "Write here, or paste from Word or Google Docs",
  heading: "Heading",
  picture: "Caption (optional)",
  video: "Title of the video",
  pullCall: "One sentence that invites the reader",
  callout: "Important information",
  disclaimer: "For example: This does not replace a doctor’s advice.",
};

function wordsFor(node, parent, doc) {
  if (node.type.name !== "paragraph") {
    return WORDS[node.type.name];
  }
  const isFirst = parent.firstChild === node && (parent !== doc || doc.childCount === 1);
  return isFirst ? WORDS[parent.type.name] : undefined;
}

function placeholders({ doc }) {
  const found = [];
  doc.descendants((node, pos, parent) => {
    const words = node.isTextblock && node.content.size === 0 ? wordsFor(node, parent, doc) : undefined;
    if (words) {
      found.push(Decoration.node(pos, pos + node.nodeSize, { class: "is-empty", "data-placeholder": words }));
    }
  });
  return DecorationSet.create(doc, found);
}

export const Placeholders = Extension.create({
  name: "placeholders",
  addProseMirrorPlugins: () => [new Plugin({ props: { decorations: placeholders } })],
});
