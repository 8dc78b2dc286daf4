// From the document to the HTML that is stored: semantic, without anything that only the editor needs.
import { DOMSerializer } from "@tiptap/pm/model";

const isBlank = (element) => element.textContent.trim() === "";

/** The HTML of a document; nothing for an empty one. */
export function write(doc) {
  // An inert document: what is built in it loads nothing.
  const root = document.implementation.createHTMLDocument("").body;
  const serializer = DOMSerializer.fromSchema(doc.type.schema);
  root.append(serializer.serializeFragment(doc.content, { document: root.ownerDocument }));
  for (const name of ["contenteditable", "role"]) {
    for (const element of root.querySelectorAll(`[${name}]`)) {
      element.removeAttribute(name);
    }
  }
  root.querySelectorAll("li, td, th, dd").forEach(unwrapOnlyParagraph);
  root.querySelectorAll("table").forEach(divideTable);
  dropEmpty(root);
  breakLines(root);
  return root.innerHTML.trim();
}

// <li><p>text</p></li> is <li>text</li>, also when only lists follow the text.
function unwrapOnlyParagraph(holder) {
  const [first, ...rest] = holder.children;
  if (first?.localName === "p" && rest.every((child) => holder.localName === "li" && /^[uo]l$/.test(child.localName))) {
    for (const name of ["dir", "lang"]) {
      if (first.hasAttribute(name) && !holder.hasAttribute(name)) {
        holder.setAttribute(name, first.getAttribute(name));
      }
    }
    first.replaceWith(...first.childNodes);
  }
}

// The leading rows of header cells are the head; each header cell says what it is the header of.
function divideTable(table) {
  const body = table.tBodies[0];
  const isHead = (row) =>
    [...row.cells].every((cell, at) => cell.localName === "th" || (at === 0 && isBlank(cell))) &&
    row.querySelector("th") !== null;
  const head = table.ownerDocument.createElement("thead");
  while (body.rows.length > 0 && isHead(body.rows[0])) {
    head.append(body.rows[0]);
  }
  if (head.rows.length > 0) {
    body.before(head);
  }
  for (const cell of table.querySelectorAll("th")) {
    if (!/group$/.test(cell.getAttribute("scope"))) {
      cell.setAttribute("scope", head.contains(cell) ? "col" : "row");
    }
  }
  for (const corner of head.querySelectorAll("th:first-child")) {
    if (isBlank(corner)) {
      corner.removeAttribute("scope");
      corner.outerHTML = corner.outerHTML.replace(/^<th/, "<td").replace(/th>$/, "td>");
    }
  }
  if (body.rows.length === 0) {
    body.remove();
  }
}

// From the inside out, so that a list of empty items goes as well.
function dropEmpty(root) {
  const hollow = "p, h2, h3, h4, li, ul, ol, dt, dd, dl, figcaption, blockquote, aside, section.sources";
  for (const element of [...root.querySelectorAll(hollow)].reverse()) {
    if (isBlank(element) && !element.querySelector("figure, hr, table, section[data-part]")) {
      element.remove();
    }
  }
}

// One block a line, so that the HTML can be read when somebody looks at it.
function breakLines(root) {
  const lines = ":scope > *, ul > *, ol > *, dl > *, table > *, thead > *, tbody > *, aside > *, section > *, blockquote > *";
  for (const element of root.querySelectorAll(lines)) {
    element.before("\n");
  }
  for (const element of root.querySelectorAll("ul, ol, dl, table, thead, tbody, aside, section:not([data-part]), blockquote")) {
    element.append("\n");
  }
}
