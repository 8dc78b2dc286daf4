// The lists of Word: paragraphs that know their level and begin with the bullet as text (on the desktop), or one list of its
// own for each item (on the web).

const wordOf = (element, name) => element.dataset.was?.match(new RegExp(`(?:^| )${name}-([\\w.-]+)`))?.[1];

/** Make real lists, one inside the other, from what has a level. */
export function makeWordLists(body) {
  flattenWebLists(body);
  let open = []; // the lists from the outermost to the innermost: { list, level, id }
  for (const paragraph of [...body.querySelectorAll("p, h1, h2, h3, h4, h5, h6")]) {
    if (paragraph.parentElement.closest("li")) {
      continue; // the text of an item
    }
    const level = Number(wordOf(paragraph, "level") ?? 0);
    if (level === 0 || paragraph.localName !== "p") {
      open = [];
      continue;
    }
    const marker = paragraph.querySelector("[data-was~=ignore]")?.textContent.trim() ?? "";
    const name = wordOf(paragraph, "kind") ?? (isNumber(marker) ? "ol" : "ul");
    const start = Number(wordOf(paragraph, "start") ?? Number.parseInt(marker.replace("(", ""), 10));
    const id = wordOf(paragraph, "list");
    if (open.length === 0 || previousBlock(paragraph) !== open[0].list) {
      open = [];
    }
    let skipped = null;
    while (open.length && open.at(-1).level > level) {
      skipped = open.pop();
    }
    // From level 1 to 3 and back to 2: both are one step below 1.
    if (skipped && open.length && open.at(-1).level < level && skipped.list.localName === name) {
      open.push({ ...skipped, level });
    }
    const last = open.at(-1);
    const isOther = last?.level === level && (last.list.localName !== name || (level === 1 && last.id !== id) || (name === "ol" && level === 1 && start === 1));
    if (isOther) {
      open.pop();
    }
    if (open.at(-1)?.level !== level) {
      const list = body.ownerDocument.createElement(name);
      if (name === "ol" && start > 1) {
        list.setAttribute("start", start);
      }
      copyDirection(paragraph, list);
      if (open.length) {
        open.at(-1).list.lastElementChild.append(list);
      } else {
        paragraph.before(list);
      }
      open.push({ list, level, id });
    }
    const item = body.ownerDocument.createElement("li");
    copyDirection(paragraph, item);
    item.append(...paragraph.childNodes);
    open.at(-1).list.append(item);
    paragraph.remove();
  }
}

function copyDirection(from, to) {
  for (const name of ["dir", "lang"]) {
    if (from.hasAttribute(name)) {
      to.setAttribute(name, from.getAttribute(name));
    }
  }
}

// "1." "a)" "(iv)" "1.1" "١." "一、", but not the "o" and "§" that are bullets.
const isNumber = (marker) => /^[([]?(\p{Nd}+(\.\p{Nd}+)*|[a-z]{1,4}|\p{L}|[一二三四五六七八九十]+)[.)\]、．）]|^\p{Nd}+(\.\p{Nd}+)*$/iu.test(marker);

function flattenWebLists(body) {
  for (const item of [...body.querySelectorAll("li[data-was*=level-]")]) {
    const list = item.parentElement;
    if (!/^[ou]l$/.test(list.localName) || item.querySelector("ul, ol")) {
      continue;
    }
    const paragraph = body.ownerDocument.createElement("p");
    const start = wordOf(item, "place") ?? list.getAttribute("start") ?? "1";
    paragraph.dataset.was = `${item.dataset.was} kind-${list.localName} start-${start}`;
    copyDirection(item, paragraph);
    paragraph.append(...item.childNodes);
    list.before(paragraph);
    item.remove();
    if (list.children.length === 0) {
      const wrapper = list.parentElement;
      list.remove();
      if (wrapper?.localName === "div" && [...wrapper.children].every((child) => child.dataset.was?.includes("kind-"))) {
        wrapper.replaceWith(...wrapper.childNodes);
      }
    }
  }
}

/** The node before, without white space. */
export function previousBlock(element) {
  let node = element.previousSibling;
  while (node?.nodeType === 3 && node.data.trim() === "") {
    node = node.previousSibling;
  }
  return node;
}

/** A list right inside a list belongs to the item before it. */
export function mendLists(body) {
  for (const inner of body.querySelectorAll(":is(ul, ol) > :is(ul, ol)")) {
    const item = inner.previousElementSibling;
    if (item?.localName === "li") {
      item.append(inner);
    } else {
      inner.replaceWith(...inner.childNodes);
    }
  }
}
