// The nodes and marks of plain text, and the order in which they are tried.
import { Extension, Mark, Node, mergeAttributes } from "@tiptap/core";
import { Blockquote } from "@tiptap/extension-blockquote";
import { Bold } from "@tiptap/extension-bold";
import { Document } from "@tiptap/extension-document";
import { HardBreak } from "@tiptap/extension-hard-break";
import { Heading } from "@tiptap/extension-heading";
import { HorizontalRule } from "@tiptap/extension-horizontal-rule";
import { Italic } from "@tiptap/extension-italic";
import { Link } from "@tiptap/extension-link";
import { BulletList, ListItem, ListKeymap, OrderedList } from "@tiptap/extension-list";
import { Paragraph } from "@tiptap/extension-paragraph";
import { Text } from "@tiptap/extension-text";
import { Dropcursor, Gapcursor, TrailingNode, UndoRedo } from "@tiptap/extensions";

/** A mark that is only its element: sub, sup, cite, abbr, s, bdi. */
function simpleMark(name, attributes = []) {
  return Mark.create({
    name,
    addAttributes: () => Object.fromEntries(attributes.map((attribute) => [attribute, { default: null }])),
    parseHTML: () => [{ tag: name }],
    renderHTML: ({ HTMLAttributes }) => [name, HTMLAttributes, 0],
  });
}

// Direction and language of any block, as they were written.
const Direction = Extension.create({
  name: "direction",
  addGlobalAttributes: () => [
    {
      types: `paragraph heading bulletList orderedList listItem blockquote table tableCell tableHeader descriptionList
        descriptionTerm descriptionText pullCall callout disclaimer sources`.split(/\s+/),
      attributes: { dir: { default: null }, lang: { default: null } },
    },
  ],
});

const HeadingWithId = Heading.extend({
  addAttributes() {
    // A stored id is an address that others may link to; a heading split off is a new one without it.
    return { ...this.parent(), id: { default: null, keepOnSplit: false } };
  },
  parseHTML: () => [2, 3, 4].map((level) => ({ tag: `h${level}`, attrs: { level } })),
});

const NumberedList = OrderedList.extend({
  addAttributes: () => ({
    start: { default: 1, parseHTML: (list) => Number.parseInt(list.getAttribute("start"), 10) || 1 },
  }),
});

const OurLink = Link.extend({
  addAttributes: () => ({ href: { default: null }, title: { default: null } }),
});

const DescriptionList = Node.create({
  name: "descriptionList",
  group: "block",
  content: "(descriptionTerm | descriptionText)+",
  parseHTML: () => [{ tag: "dl" }],
  renderHTML: ({ HTMLAttributes }) => ["dl", HTMLAttributes, 0],
});

const DescriptionTerm = Node.create({
  name: "descriptionTerm",
  content: "inline*",
  parseHTML: () => [{ tag: "dt" }],
  renderHTML: ({ HTMLAttributes }) => ["dt", HTMLAttributes, 0],
});

const DescriptionText = Node.create({
  name: "descriptionText",
  content: "block+",
  parseHTML: () => [{ tag: "dd" }],
  renderHTML: ({ HTMLAttributes }) => ["dd", mergeAttributes(HTMLAttributes), 0],
});

export const text = [
  Document,
  Paragraph,
  Text,
  HeadingWithId.configure({ levels: [2, 3, 4] }),
  Blockquote,
  BulletList,
  NumberedList,
  ListItem,
  ListKeymap,
  HardBreak,
  HorizontalRule,
  DescriptionList,
  DescriptionTerm,
  DescriptionText,
  OurLink.configure({
    openOnClick: false,
    defaultProtocol: "https",
    protocols: ["http", "https", "mailto", "tel"],
    HTMLAttributes: { target: null, rel: null },
  }),
  Bold,
  Italic,
  simpleMark("sub"),
  simpleMark("sup"),
  simpleMark("cite"),
  simpleMark("abbr", ["title"]),
  simpleMark("s"),
  simpleMark("bdi", ["dir", "lang"]),
  Direction,
  UndoRedo,
  Dropcursor.configure({ color: false, class: "editor-drop" }),
  Gapcursor,
  TrailingNode,
];
