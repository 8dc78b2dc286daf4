// Tables without sizes and colours: cells, header cells with their scope, and a caption.
import { Table, TableCell, TableHeader, TableRow } from "@tiptap/extension-table";

const span = (name) => ({ default: 1, parseHTML: (cell) => Number.parseInt(cell.getAttribute(name), 10) || 1 });

const spans = () => ({ colspan: span("colspan"), rowspan: span("rowspan") });

/** Only what differs from a cell of one row and one column. */
function written({ colspan, rowspan, ...others }) {
  return { ...others, ...(colspan > 1 && { colspan }), ...(rowspan > 1 && { rowspan }) };
}

const OurTable = Table.extend({
  // The caption is an attribute because a table's content may be rows only; it is edited in a dialog.
  addAttributes: () => ({
    caption: {
      default: "",
      parseHTML: (table) => table.querySelector(":scope > caption")?.innerHTML.trim() ?? "",
      rendered: false,
    },
  }),
  parseHTML: () => [{ tag: "table" }, { tag: "caption", ignore: true }],
  renderHTML({ node, HTMLAttributes: { dir, lang } }) {
    const said = { dir, lang };
    if (!node.attrs.caption) {
      return ["table", said, ["tbody", 0]];
    }
    const caption = document.createElement("caption");
    caption.innerHTML = node.attrs.caption;
    caption.contentEditable = "false";
    return ["table", said, caption, ["tbody", 0]];
  },
});

// prosemirror-tables asks each cell for its colwidth; it stays empty and is never written.
const colwidth = { default: null, parseHTML: () => null, rendered: false };

const Cell = TableCell.extend({
  addAttributes: () => ({ ...spans(), colwidth }),
  renderHTML: ({ HTMLAttributes }) => ["td", written(HTMLAttributes), 0],
});

const HeaderCell = TableHeader.extend({
  addAttributes: () => ({ ...spans(), colwidth, scope: { default: null } }),
  renderHTML: ({ HTMLAttributes }) => ["th", written(HTMLAttributes), 0],
});

export const table = [OurTable.configure({ resizable: false, View: null }), TableRow, Cell, HeaderCell];
