// The clinic's own parts of a text: boxes, the list of sources, the trial form, a video.
import { Extension, Node } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";
import { h, icon } from "./dom.js";

/** Names of the parts for staff. A part listed here gets its own row of tools while the cursor is in it. */
export const PART_NAMES = {
  pullCall: "Call to action",
  callout: "Call-out",
  disclaimer: "Disclaimer",
  sources: "Sources",
  picture: "Picture",
  video: "Video",
  trialForm: "Trial form",
  blockquote: "Quote",
  table: "Table",
};

function box(name, tag, className) {
  return Node.create({
    name,
    group: "block",
    content: "block+",
    defining: true,
    parseHTML: () => [{ tag: `${tag}.${className}` }],
    // While it is edited an aside is no landmark of the page around it; the role is not stored.
    renderHTML: ({ HTMLAttributes: { dir, lang } }) => [tag, { class: className, dir, lang, ...(tag === "aside" && { role: "note" }) }, 0],
  });
}

const TrialForm = Node.create({
  name: "trialForm",
  group: "block",
  atom: true,
  draggable: true,
  parseHTML: () => [{ tag: 'section[data-part="trial-form"]' }],
  renderHTML: () => ["section", { "data-part": "trial-form" }],
  addNodeView: () => () => ({
    dom: h(
      "section",
      { class: "editor-block" },
      icon("trial"),
      h("p", {}, h("strong", {}, "Trial form"), " Readers see the booking form here."),
    ),
  }),
});

/** The caption of a figure: "inline*", so that links and emphasis are kept. */
export const caption = (figure) => figure.querySelector("figcaption") ?? document.createElement("figcaption");

const SITES = { youtube: "YouTube", vimeo: "Vimeo" };

const Video = Node.create({
  name: "video",
  group: "block",
  content: "inline*",
  isolating: true,
  defining: true,
  draggable: true,
  addAttributes: () => ({ source: { default: "", parseHTML: (figure) => figure.dataset.video, rendered: false } }),
  parseHTML: () => [{ tag: "figure[data-video]", contentElement: caption }],
  renderHTML: ({ node }) => ["figure", { "data-video": node.attrs.source }, ["figcaption", 0]],
  addNodeView: () => ({ node }) => {
    const [site, id] = node.attrs.source.split(":");
    const title = h("figcaption");
    const label = h(
      "div",
      { class: "editor-block", contenteditable: "false" },
      icon("video"),
      h("p", {}, h("strong", {}, `${SITES[site] ?? site} video`), ` ${id ?? ""}. It loads only when a reader presses play.`),
    );
    return {
      dom: h("figure", { class: "figure editor-video" }, label, title),
      contentDOM: title,
      ignoreMutation: (mutation) => !title.contains(mutation.target),
    };
  },
});

/** The innermost part around the cursor: its node and position, or null. */
export function currentPart(state) {
  const { selection } = state;
  if (selection.node && selection.node.type.name in PART_NAMES) {
    return { node: selection.node, pos: selection.from };
  }
  for (let depth = selection.$from.depth; depth > 0; depth -= 1) {
    const node = selection.$from.node(depth);
    if (node.type.name in PART_NAMES) {
      return { node, pos: selection.$from.before(depth) };
    }
  }
  return null;
}

const MarkCurrent = Extension.create({
  name: "markCurrent",
  addProseMirrorPlugins: () => [
    new Plugin({
      props: {
        decorations(state) {
          const part = currentPart(state);
          if (!part) {
            return null;
          }
          const end = part.pos + part.node.nodeSize;
          return DecorationSet.create(state.doc, [Decoration.node(part.pos, end, { class: "is-current" })]);
        },
      },
    }),
  ],
});

// Enter in a caption goes on below the figure; it never makes a second figure.
const LeaveCaption = Extension.create({
  name: "leaveCaption",
  priority: 1000,
  addKeyboardShortcuts() {
    const leave = () => {
      const { $from } = this.editor.state.selection;
      if (!["picture", "video"].includes($from.parent.type.name)) {
        return false;
      }
      const after = $from.after();
      const next = this.editor.state.doc.resolve(after).nodeAfter;
      const isFree = next?.type.name === "paragraph" && next.content.size === 0;
      const chain = this.editor.chain();
      return (isFree ? chain : chain.insertContentAt(after, { type: "paragraph" })).setTextSelection(after + 1).run();
    };
    return { Enter: leave };
  },
});

export const parts = [
  box("pullCall", "aside", "pull-call"),
  box("callout", "aside", "callout"),
  box("disclaimer", "aside", "disclaimer"),
  box("sources", "section", "sources"),
  TrialForm,
  Video,
  MarkCurrent,
  LeaveCaption,
];
