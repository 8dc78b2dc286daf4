// Reduces pasted or typed HTML to the elements that a text may contain.
//
// The first pass works on the string: a style attribute that reaches any parser of the browser, even that of an inert
// document, is reported as a breach of the content security policy. What a style, a class or a role meant is kept as words
// in data-was. clinic/core/foreign/document.py does the same for what reaches the server by another way; both are tried with the
// documents in tests/journeys/paste.
import { keepDirections, saneValue } from "./direction.js";
import { hiddenBy, unwrapLink, unwrapText } from "./links.js";
import { makeWordLists, mendLists, previousBlock } from "./lists.js";
import { dropSide, nothingLeft } from "./side.js";
import { parseStyle, readSheets } from "./style.js";

const KEPT = {
  a: ["href", "title"],
  abbr: ["title"],
  figure: ["data-image", "data-alt", "data-credit", "data-source", "data-licence", "data-video"],
  img: ["src", "alt", "width", "height"],
  ol: ["start"],
  section: ["data-part"],
  td: ["colspan", "rowspan"],
  th: ["colspan", "rowspan", "scope"],
  h2: ["id"],
  h3: ["id"],
};
const KEPT_CLASSES = { aside: ["pull-call", "callout", "disclaimer"], section: ["sources"] };
const UNREADABLE =
  "style|script|xml|head|title|svg|math|iframe|object|noscript|template|select|textarea|button|audio|video|canvas|map";
const WHOLE = new RegExp(`<(${UNREADABLE})\\b(?:"[^"]*"|'[^']*'|[^'">])*(?:/>|>[\\s\\S]*?</\\1\\s*>)`, "gi");
const TAG = /<(\/?)([a-z][\w:-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;
const ATTRIBUTE = /([^\s=/"'<>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?/g;
const OFFICE = /urn:schemas-microsoft-com:office|<o:p\b|\bclass=["']?Mso|content=["']?(Microsoft|LibreOffice|OpenOffice|StarOffice)|\bdata-listid=|\bSCXW\d/i;

const SAFE_LINK = /^(https?:|mailto:|tel:|[^:]*$|[^:]*[/?#])/i;
// An address that is relative to some other page leads nowhere here; Word's #_ leads to a bookmark that is left behind.
const PASTED_LINK = /^(https?:|mailto:|tel:|\/|#(?!_))/i;

/** Returns the part that the clipboard marks as copied, inside the list or table around it. */
function fragmentOf(html) {
  const found = html.match(/<!--\s*StartFragment\s*-->([\s\S]*)<!--\s*EndFragment\s*-->/i);
  const inner = found ? found[1] : html;
  const sheets = (html.match(/<style\b[\s\S]*?<\/style\s*>/gi) ?? []).join("");
  const first = inner.replace(/<!--[\s\S]*?-->/g, "").match(/^\s*<([a-z][\w]*)/i)?.[1].toLowerCase() ?? "";
  if (/^(col|colgroup|caption|thead|tbody|tfoot|tr)$/.test(first)) {
    return [`<table>${inner}</table>`, sheets];
  }
  if (/^t[dh]$/.test(first)) {
    return [`<table><tr>${inner}</tr></table>`, sheets];
  }
  if (first === "li") {
    const list = found && /<ol\b(?![\s\S]*<ul\b)/i.test(html.slice(0, found.index)) ? "ol" : "ul";
    return [`<${list}>${inner}</${list}>`, sheets];
  }
  return [inner, sheets];
}

/** The string with only the tags and attributes that mean something to us. */
function cleanString(html, left) {
  const [fragment, sheets] = fragmentOf(html);
  const meaningOf = readSheets(sheets);
  const isOffice = OFFICE.test(html);
  return fragment
    .replace(/<!--[\s\S]*?(?:-->|$)/g, "")
    .replace(/<[!?][^>]*>/g, "")
    .replace(WHOLE, (_whole, name) => {
      left.frames += /^(iframe|object|audio|video)$/i.test(name) ? 1 : 0;
      return "";
    })
    .replace(TAG, (_tag, slash, name, attributes) => cleanTag(slash, name.toLowerCase(), attributes, meaningOf, isOffice));
}

const DELETED_TAG = /^(w:del|w:movefrom|text:deletion|text:tracked-changes)$/;
const REMARK_TAG = /^(comment|annotation|w:comment|office:annotation)$/;
const DELETED_CLASS = /\bmso(Del|MoveFrom)\b|TrackChange\w*Deletion|\bice-del\b/i;
const REMARK_CLASS = /\bMsoComment(Reference|Text|Subject)\b|\bmsocom(txt|anchor|off)\b|\b(comment|annotation)[-_]?(anchor|ref|reference|marker)\b/i;

function cleanTag(slash, name, attributes, meaningOf, isOffice) {
  const side = DELETED_TAG.test(name) ? "deleted" : REMARK_TAG.test(name) ? "comment" : "";
  if (side && !attributes.endsWith("/")) {
    return slash ? "</ins>" : `<ins data-was="${side}">`;
  }
  if (name.includes(":")) {
    return ""; // o:p, w:sdt, st1:place: the words inside stay
  }
  if (slash) {
    return `</${name}>`;
  }
  const kept = [];
  const was = [];
  for (const [, given, quoted = ""] of attributes.matchAll(ATTRIBUTE)) {
    const attribute = given.toLowerCase();
    const value = quoted.replace(/^(["'])([\s\S]*)\1$/, "$2");
    if (attribute === "style") {
      was.push(...parseStyle(value));
    } else if (attribute === "hidden") {
      was.push("hidden");
    } else if (attribute === "class") {
      const classes = value.split(/\s+/);
      was.push(...meaningOf(name, classes), ...wordsOfClass(value));
      kept.push(...classes.filter((one) => KEPT_CLASSES[name]?.includes(one)).map((one) => ["class", one]));
    } else if (attribute === "dir" || attribute === "lang" || attribute === "xml:lang") {
      const sane = saneValue(attribute.replace("xml:", ""), value);
      if (sane && !kept.some(([one]) => one === attribute.replace("xml:", ""))) {
        kept.push([attribute.replace("xml:", ""), sane]);
      }
    } else if (KEPT[name]?.includes(attribute) || attribute === "data-pm-slice") {
      kept.push([attribute, value]);
    } else {
      was.push(...wordsOfAttribute(name, attribute, value));
    }
  }
  if (name === "del" && (isOffice || was.includes("tracked"))) {
    was.push("deleted");
  }
  if (was.includes("rtl") && !kept.some(([one]) => one === "dir")) {
    kept.push(["dir", "rtl"]);
  }
  if (was.length) {
    kept.push(["data-was", was.join(" ")]);
  }
  return `<${name}${kept.map(([key, value]) => ` ${key}="${value.replaceAll('"', "&quot;")}"`).join("")}>`;
}

const wordsOfClass = (value) => [
  ...(/\bMsoTitle\b/.test(value) ? ["title"] : []),
  ...(DELETED_CLASS.test(value) ? ["deleted"] : []),
  ...(REMARK_CLASS.test(value) ? ["comment"] : []),
];

// Word on the web says structure by attributes.
function wordsOfAttribute(name, attribute, value) {
  const number = /^\d{1,6}$/.test(value) ? value : "";
  if (name === "del" && attribute === "cite") {
    return /^(mailto:|#)/i.test(value) ? ["tracked"] : [];
  }
  if (attribute === "role") {
    return /^(columnheader|rowheader|heading)$/.test(value) ? [value] : [];
  }
  if (attribute === "aria-level" && name !== "li") {
    return number ? [`heading-${number}`] : [];
  }
  if (name === "li" && number) {
    const word = { "data-aria-level": "level", "data-listid": "list", "data-aria-posinset": "place" }[attribute];
    return word ? [`${word}-${number}`] : [];
  }
  return [];
}

/** A stored or typed body, reduced to what may be written. What could not be taken is counted in `left`. */
export function cleanBody(html, left = nothingLeft()) {
  const { body } = new DOMParser().parseFromString(cleanString(html, left), "text/html");
  makeWordLists(body);
  dropSide(body, left);
  checkLinks(body, SAFE_LINK, left);
  makeStruck(body);
  makeMarks(body);
  mendTables(body);
  makeHeadings(body);
  mendLists(body);
  keepDirections(body);
  body.querySelectorAll("span, font").forEach(unwrap);
  if (OFFICE.test(html)) {
    mendSpaces(body);
    mendBreaks(body);
  }
  removeMarks(body);
  return body.innerHTML;
}

/** Pasted HTML: Word, Google Docs, a web page, or this editor itself. */
export function cleanPaste(html, left = nothingLeft()) {
  const { body } = new DOMParser().parseFromString(cleanString(html, left), "text/html");
  const isOurs = body.querySelector("[data-pm-slice]") !== null;
  if (!isOurs) {
    makeWordLists(body);
  }
  dropSide(body, left);
  checkLinks(body, isOurs ? SAFE_LINK : PASTED_LINK, left);
  if (!isOurs) {
    makeStruck(body);
    makeMarks(body);
    mendTables(body);
    makeHeadings(body);
    for (const heading of body.querySelectorAll("h2, h3")) {
      heading.removeAttribute("id");
    }
    mendLists(body);
    keepDirections(body);
    body.querySelectorAll("span, font").forEach(unwrap);
    body.querySelectorAll("figure:not([data-image], [data-video])").forEach(unwrap);
    makeParagraphs(body);
    mendSpaces(body);
    mendBreaks(body);
    dropEmptyParagraphs(body);
  }
  removeMarks(body);
  return body.innerHTML;
}

const was = (element, word) => (element.dataset.was ?? "").split(" ").includes(word);
const unwrap = (element) => element.replaceWith(...element.childNodes);

function rename(element, name) {
  const renamed = element.ownerDocument.createElement(name);
  for (const { name: attribute, value } of element.attributes) {
    renamed.setAttribute(attribute, value);
  }
  renamed.append(...element.childNodes);
  element.replaceWith(renamed);
  return renamed;
}

function checkLinks(body, allowed, left) {
  for (const link of body.querySelectorAll("a")) {
    const given = (link.getAttribute("href") ?? "").trim();
    const href = unwrapLink(given);
    if (href && allowed.test(href)) {
      link.setAttribute("href", href);
      left.kept.push(...[hiddenBy(href)].filter(Boolean));
    } else {
      left.links += given && !/^(#|javascript:)/i.test(given) && link.textContent.trim() ? 1 : 0;
      unwrap(link);
    }
  }
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data } = walker.currentNode;
    if (data.includes("://")) {
      walker.currentNode.data = unwrapText(data);
    }
  }
}

function removeMarks(body) {
  for (const element of body.querySelectorAll("[data-was]")) {
    element.removeAttribute("data-was");
  }
}

// Google Docs says bold and italic with styles, and wraps all in a <b> that is not bold.
function makeMarks(body) {
  for (const element of [...body.querySelectorAll("b, strong, i, em, span, font")]) {
    const isBold = was(element, "bold") || (/^(b|strong)$/.test(element.localName) && !was(element, "plain"));
    const isItalic = was(element, "italic") || (/^(i|em)$/.test(element.localName) && !was(element, "upright"));
    const isEmpty = element.textContent.trim() === "";
    const holdsBlocks = element.querySelector("p, ul, ol, table, h1, h2, h3, h4, div") !== null;
    const names = [isBold && "strong", isItalic && "em", was(element, "sup") && "sup", was(element, "sub") && "sub"];
    for (const name of names.filter((one) => one && !isEmpty && !holdsBlocks)) {
      const mark = body.ownerDocument.createElement(name);
      mark.append(...element.childNodes);
      element.append(mark);
    }
    if (/^(span|font)$/.test(element.localName) && (element.hasAttribute("dir") || element.hasAttribute("lang"))) {
      element.removeAttribute("data-was"); // keepDirections needs it
    } else {
      unwrap(element);
    }
  }
}

// Words that are struck out are still words: they stay, struck out. What holds blocks strikes out the text in each.
function makeStruck(body) {
  const struck = [...body.querySelectorAll("s, strike, del, [data-was~=strike]")].filter((one) => one.textContent.trim());
  for (const element of struck) {
    const isWhole = /^(s|strike|del|span|font|a|b|strong|i|em|u|ins)$/.test(element.localName) && !element.querySelector("p, ul, ol, table, h1, h2, h3, h4, div");
    const texts = isWhole ? [] : textsIn(element);
    if (isWhole && !element.closest("[data-struck]")) {
      const mark = body.ownerDocument.createElement("s");
      mark.dataset.struck = "";
      mark.append(...element.childNodes);
      element.append(mark);
    }
    for (const text of texts.filter((one) => one.data.trim() && !one.parentElement.closest("[data-struck]"))) {
      const mark = body.ownerDocument.createElement("s");
      mark.dataset.struck = "";
      text.before(mark);
      mark.append(text);
    }
  }
  body.querySelectorAll("s:not([data-struck]), strike, del").forEach(unwrap);
  for (const mark of body.querySelectorAll("[data-struck]")) {
    mark.removeAttribute("data-struck");
  }
}

function textsIn(element) {
  const walker = element.ownerDocument.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    found.push(walker.currentNode);
  }
  return found;
}

// Headings begin at h2: the page has its h1. A document with several h1 moves down as a whole.
function makeHeadings(body) {
  for (const heading of [...body.querySelectorAll("[data-was~=heading], p[data-was*=outline-]")]) {
    const level = heading.dataset.was.match(/\b(?:heading|outline)-([1-9])/)?.[1] ?? 2;
    if (/^(p|div|span)$/.test(heading.localName) && heading.textContent.trim()) {
      rename(heading, `h${Math.min(level, 6)}`);
    }
  }
  const first = body.querySelectorAll("h1");
  const titles = body.querySelectorAll("p[data-was~=title]").length;
  const step = first.length > 1 || (first.length > 0 && titles > 0) ? 1 : 0;
  for (const heading of [...body.querySelectorAll("h1, h2, h3, h4, h5, h6")]) {
    const level = Number(heading.localName[1]);
    const wanted = Math.min(Math.max(level + step, 2), 4);
    if (wanted !== level) {
      rename(heading, `h${wanted}`);
    }
  }
  for (const heading of body.querySelectorAll("p[data-was~=title]")) {
    rename(heading, "h2");
  }
  body.querySelectorAll(":is(h2, h3, h4, th) strong").forEach(unwrap);
}

function mendTables(body) {
  for (const cell of body.querySelectorAll("thead td, td[data-was~=columnheader], td[data-was~=rowheader]")) {
    rename(cell, "th");
  }
}

const ALLOWED = new Set(
  `p h2 h3 h4 ul ol li strong em sub sup s bdi a blockquote br hr abbr cite dl dt dd table caption thead tbody tr th td
   figure figcaption aside section`.split(/\s+/),
);
const INLINE = new Set("strong em sub sup s bdi a br abbr cite".split(" "));
const WITHIN_TEXT = new Set(
  "span font u ins small big code kbd samp var tt mark label q time data dfn bdo wbr nobr acronym".split(" "),
);
const isInline = (node) => node.nodeType === 3 || INLINE.has(node.localName);

// From the inside out: what we do not know goes, and its words stay as text or as paragraphs of their own.
function makeParagraphs(body) {
  for (const element of [...body.querySelectorAll("*")].reverse()) {
    const name = element.localName;
    const isBareBox = /^(aside|section)$/.test(name) && !element.hasAttribute("class") && !element.hasAttribute("data-part");
    if (WITHIN_TEXT.has(name) || (name === "p" && element.parentElement.localName === "li" && !element.nextElementSibling && !element.previousElementSibling)) {
      unwrap(element);
    } else if (!ALLOWED.has(name) || isBareBox) {
      if (!/^(tfoot|html|head|body)$/.test(name)) {
        wrapRuns(element);
      }
      unwrap(element);
    }
  }
  wrapRuns(body);
}

// Each run of text between blocks becomes a paragraph, if there is a block at all.
function wrapRuns(parent) {
  const isBox = parent.localName !== "body";
  if (!isBox && [...parent.childNodes].every(isInline)) {
    return;
  }
  let run = null;
  for (const node of [...parent.childNodes]) {
    if (!isInline(node)) {
      run = null;
    } else if (run || node.nodeType !== 3 || node.data.trim()) {
      if (!run) {
        run = parent.ownerDocument.createElement("p");
        copyDirection(parent, run);
        node.before(run);
      }
      run.append(node);
    }
  }
}

// The text of a box that goes away keeps its direction and language.
function copyDirection(box, run) {
  for (const name of ALLOWED.has(box.localName) || box.localName === "body" ? [] : ["dir", "lang"]) {
    const value = box.closest(`[${name}]`)?.getAttribute(name) ?? "";
    if (value && !/^(ltr|en\b)/i.test(value)) {
      run.setAttribute(name, value);
    }
  }
}

// Web pages and Word put unbreakable spaces where a plain one is meant; between a number and its unit they are meant.
function mendSpaces(body) {
  const walker = body.ownerDocument.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data } = walker.currentNode;
    walker.currentNode.data = data.replace(/(?<!\d)\u00a0|\u00a0(?!\p{L})/gu, " ").replace(/[ \t\r\n]+/g, " ");
  }
}

// A single break is one; two or more end the paragraph; at the rim of a block they mean nothing.
function mendBreaks(body) {
  for (const block of [...body.querySelectorAll("p, li, td, th, h2, h3, h4, dd")]) {
    const isBreak = (node) => node?.localName === "br";
    const isRim = (node) => isBreak(node) || (node?.nodeType === 3 && node.data.trim() === "");
    while (isRim(block.firstChild)) {
      block.firstChild.remove();
    }
    while (isRim(block.lastChild)) {
      block.lastChild.remove();
    }
    for (const second of block.localName === "p" ? [...block.querySelectorAll(":scope > br")] : []) {
      const first = previousBlock(second);
      if (isBreak(first)) {
        const before = block.cloneNode(false);
        while (block.firstChild !== first) {
          before.append(block.firstChild);
        }
        block.before(before);
        while (isRim(block.firstChild)) {
          block.firstChild.remove();
        }
      }
    }
  }
}

function dropEmptyParagraphs(body) {
  for (const block of [...body.querySelectorAll("p, h2, h3, h4, li, ul, ol, blockquote")].reverse()) {
    if (block.textContent.trim() === "" && !block.querySelector("figure, table, hr")) {
      block.remove();
    }
  }
}
