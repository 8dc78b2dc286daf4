// What is pasted or typed as HTML, reduced to what a text may carry.
//
// The first pass works on the string: a style attribute that reaches any parser of the browser, even that of an inert
// document, is reported as a breach of the content security policy. What a style meant is kept as words in data-was.
import { parseStyle } from "./style.js";

const KEPT = {
  a: ["href", "title"],
  abbr: ["title"],
  figure: ["data-image", "data-alt", "data-credit", "data-source", "data-licence", "data-video"],
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

const SAFE_LINK = /^(https?:|mailto:|tel:|[^:]*$|[^:]*[/?#])/i;
// An address that is relative to some other page leads nowhere here; Word's #_ leads to a bookmark that is left behind.
const PASTED_LINK = /^(https?:|mailto:|tel:|\/|#(?!_))/i;

/** The string with only the tags and attributes that mean something to us. */
function cleanString(html) {
  const fragment = html.match(/<!--StartFragment-->([\s\S]*)<!--EndFragment-->/);
  return (fragment ? fragment[1] : html)
    .replace(/<!--[\s\S]*?(?:-->|$)/g, "")
    .replace(/<[!?][^>]*>/g, "")
    .replace(WHOLE, "")
    .replace(TAG, (tag, slash, name, attributes) => cleanTag(slash, name.toLowerCase(), attributes));
}

function cleanTag(slash, name, attributes) {
  if (name.includes(":")) {
    return ""; // o:p, w:sdt, st1:place: the words inside stay
  }
  if (slash) {
    return `</${name}>`;
  }
  const kept = [];
  let was = [];
  for (const [, given, quoted = ""] of attributes.matchAll(ATTRIBUTE)) {
    const attribute = given.toLowerCase();
    const value = quoted.replace(/^(["'])([\s\S]*)\1$/, "$2");
    if (attribute === "style") {
      was = [...was, ...parseStyle(value)];
    } else if (attribute === "hidden") {
      was.push("hidden");
    } else if (attribute === "class") {
      was = [...was, ...(/\bMsoTitle\b/.test(value) ? ["title"] : [])];
      const classes = value.split(/\s+/).filter((one) => KEPT_CLASSES[name]?.includes(one));
      kept.push(...classes.map((one) => ["class", one]));
    } else if (KEPT[name]?.includes(attribute) || attribute === "data-pm-slice") {
      kept.push([attribute, value]);
    }
  }
  if (was.length) {
    kept.push(["data-was", was.join(" ")]);
  }
  return `<${name}${kept.map(([key, value]) => ` ${key}="${value.replaceAll('"', "&quot;")}"`).join("")}>`;
}

/** A stored or typed body, reduced to what may be written. */
export function cleanBody(html) {
  const { body } = new DOMParser().parseFromString(cleanString(html), "text/html");
  dropHidden(body);
  checkLinks(body, SAFE_LINK);
  removeMarks(body);
  return body.innerHTML;
}

/** Pasted HTML: Word, Google Docs, a web page, or this editor itself. */
export function cleanPaste(html) {
  const { body } = new DOMParser().parseFromString(cleanString(html), "text/html");
  const isOurs = body.querySelector("[data-pm-slice]") !== null;
  if (!isOurs) {
    makeWordLists(body);
  }
  dropHidden(body);
  checkLinks(body, isOurs ? SAFE_LINK : PASTED_LINK);
  if (!isOurs) {
    makeMarks(body);
    mendTables(body);
    makeHeadings(body);
    mendLists(body);
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

function dropHidden(body) {
  body.querySelectorAll("[data-was~=hidden], [data-was~=ignore], img, col, colgroup, input, link, meta").forEach((element) => element.remove());
}

function checkLinks(body, allowed) {
  for (const link of body.querySelectorAll("a")) {
    const href = realAddress((link.getAttribute("href") ?? "").trim());
    if (href && allowed.test(href)) {
      link.setAttribute("href", href);
    } else {
      unwrap(link);
    }
  }
}

// Google puts an address of its own in front of each link.
function realAddress(href) {
  if (!/^https:\/\/www\.google\.com\/url\?/.test(href)) {
    return href;
  }
  const query = new URL(href).searchParams;
  return query.get("q") ?? query.get("url") ?? href;
}

function removeMarks(body) {
  body.querySelectorAll("[data-was]").forEach((element) => element.removeAttribute("data-was"));
}

// Word writes a list as paragraphs that know their level and begin with the bullet as text.
function makeWordLists(body) {
  let open = []; // the lists from the outermost to the innermost
  for (const paragraph of [...body.querySelectorAll("p, h1, h2, h3, h4, h5, h6")]) {
    const level = Number(paragraph.dataset.was?.match(/\blevel-(\d)/)?.[1] ?? 0);
    const marker = paragraph.querySelector("[data-was~=ignore]")?.textContent.trim() ?? "";
    if (level === 0 || paragraph.localName !== "p") {
      open = [];
      continue;
    }
    const isNext = open.length > 0 && previousBlock(paragraph) === open[0];
    open = isNext ? open.slice(0, level) : [];
    const name = /^\(?(\d+|[a-z]{1,4})[.)]/i.test(marker) ? "ol" : "ul";
    if (open.length === level && open[level - 1].localName !== name) {
      open.pop();
    }
    if (open.length === 0) {
      open = [makeList(paragraph, name, marker)];
      paragraph.before(open[0]);
    } else if (open.length < level) {
      const list = makeList(paragraph, name, marker);
      open.at(-1).lastElementChild.append(list);
      open.push(list);
    }
    const item = body.ownerDocument.createElement("li");
    item.append(...paragraph.childNodes);
    open.at(-1).append(item);
    paragraph.remove();
  }
}

function makeList(paragraph, name, marker) {
  const list = paragraph.ownerDocument.createElement(name);
  const start = Number.parseInt(marker.replace("(", ""), 10);
  if (name === "ol" && start > 1) {
    list.setAttribute("start", start);
  }
  return list;
}

function previousBlock(element) {
  let node = element.previousSibling;
  while (node?.nodeType === 3 && node.data.trim() === "") {
    node = node.previousSibling;
  }
  return node;
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
    unwrap(element);
  }
}

function makeHeadings(body) {
  body.querySelectorAll("h1, p[data-was~=title]").forEach((heading) => rename(heading, "h2"));
  body.querySelectorAll("h5, h6").forEach((heading) => rename(heading, "h4"));
  body.querySelectorAll(":is(h2, h3, h4, th) strong").forEach(unwrap);
  body.querySelectorAll("h2, h3").forEach((heading) => heading.removeAttribute("id"));
}

function mendLists(body) {
  for (const inner of body.querySelectorAll(":is(ul, ol) > :is(ul, ol)")) {
    const item = inner.previousElementSibling;
    if (item?.localName === "li") {
      item.append(inner);
    } else {
      unwrap(inner);
    }
  }
}

function mendTables(body) {
  body.querySelectorAll("thead td").forEach((cell) => rename(cell, "th"));
}

const ALLOWED = new Set(
  `p h2 h3 h4 ul ol li strong em sub sup a blockquote br hr abbr cite dl dt dd table caption thead tbody tr th td
   figure figcaption aside section`.split(/\s+/),
);
const INLINE = new Set("strong em sub sup a br abbr cite".split(" "));
const WITHIN_TEXT = new Set(
  "span font u s strike del ins small big code kbd samp var tt mark label q time data dfn bdi bdo wbr nobr acronym".split(" "),
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
        node.before(run);
      }
      run.append(node);
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
