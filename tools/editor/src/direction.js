// In which direction and language a text is written: kept where it differs from what stands around it.

const BLOCKS = "p, h2, h3, h4, ul, ol, li, blockquote, table, td, th, dl, dt, dd, figcaption, aside, section, caption";
const USUAL = { dir: "ltr", lang: "en" }; // of the page around the text
const SANE = { dir: /^(ltr|rtl|auto)$/, lang: /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/ };

const same = (name, one, other) => (name === "lang" ? one.split("-")[0] === other.split("-")[0] : one === other);

/** A value of dir or lang that may be kept, in its usual spelling ("ar-SA"), or null. */
export function saneValue(name, value) {
  const plain = value.trim().toLowerCase().replaceAll("_", "-");
  if (!SANE[name].test(plain)) {
    return null;
  }
  const spelt = (part, at) => (at === 0 ? part : part.length === 2 ? part.toUpperCase() : part.length === 4 ? part[0].toUpperCase() + part.slice(1) : part);
  return name === "lang" ? plain.split("-").map(spelt).join("-") : plain;
}

/** Leave dir and lang only where they say something; a phrase of its own gets a <bdi>. */
export function keepDirections(body) {
  // A <div> of text becomes a paragraph anyhow, and has to be one before its attributes are moved.
  for (const box of [...body.querySelectorAll("div")]) {
    if (!box.querySelector("p, div, ul, ol, table, h1, h2, h3, h4, h5, h6, blockquote, figure, section, aside, dl, hr, pre") && box.textContent.trim()) {
      const paragraph = body.ownerDocument.createElement("p");
      for (const { name, value } of box.attributes) {
        paragraph.setAttribute(name, value);
      }
      paragraph.append(...box.childNodes);
      box.replaceWith(paragraph);
    }
  }
  for (const name of ["dir", "lang"]) {
    if (body.querySelector(`[${name}]`)) {
      keep(body, name);
    }
  }
}

function keep(body, name) {
  const said = (element) => element.closest(`[${name}]`)?.getAttribute(name);
  const wanted = new Map();
  for (const block of body.querySelectorAll(BLOCKS)) {
    wanted.set(block, (isLeaf(block) && saidByAll(block, name)) || said(block) || USUAL[name]);
  }
  for (const [block, value] of wanted) {
    const around = wanted.get(block.parentElement?.closest(BLOCKS)) ?? USUAL[name];
    if (same(name, value, around)) {
      block.removeAttribute(name);
    } else {
      block.setAttribute(name, value);
    }
  }
  for (const phrase of [...body.querySelectorAll(`:is(span, font, a, strong, em, b, i, bdo, s, sub, sup, abbr, cite, bdi)[${name}]`)]) {
    const block = phrase.closest(BLOCKS);
    const value = phrase.getAttribute(name);
    const around = phrase.parentElement.closest(`bdi[${name}]`)?.getAttribute(name) ?? wanted.get(block) ?? USUAL[name];
    if (phrase.localName !== "bdi") {
      phrase.removeAttribute(name);
    }
    if (same(name, value, around) || !phrase.textContent.trim() || /^[\s\d.,:;()-]*$/.test(phrase.textContent)) {
      phrase.removeAttribute(name);
    } else if (phrase.localName !== "bdi") {
      const inner = phrase.children.length === 1 && phrase.firstChild === phrase.lastChild && phrase.firstElementChild.localName === "bdi" ? phrase.firstElementChild : null;
      const bdi = inner ?? body.ownerDocument.createElement("bdi");
      bdi.setAttribute(name, value);
      if (!inner) {
        bdi.append(...phrase.childNodes);
        phrase.append(bdi);
      }
    }
  }
}

const isLeaf = (block) => !block.querySelector(BLOCKS);

// Word says the language of each run of words: if all of a block agree, it is the block's.
function saidByAll(block, name) {
  const values = new Set();
  const walker = block.ownerDocument.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (/\p{L}/u.test(walker.currentNode.data)) {
      values.add(walker.currentNode.parentElement.closest(`[${name}]`)?.getAttribute(name) ?? "");
    }
  }
  const [value] = values;
  return values.size === 1 ? value : "";
}
