// Removes parts of a document that do not belong to its text: deleted passages, comments of reviewers, hidden text, page
// headers. They are counted, so that a line under the editor can list them.

const remove = (body, selector, isCounted = () => true) => {
  let count = 0;
  for (const element of [...body.querySelectorAll(selector)]) {
    if (body.contains(element)) {
      count += isCounted(element) ? 1 : 0;
      element.remove();
    }
  }
  return count;
};
const says = (element) => element.textContent.trim() !== "";

/** Remove it all from a parsed body and add the counts to `left`. */
export function dropSide(body, left) {
  dropRemarks(body, left);
  left.margins += remove(body, "[data-was~=margin]", says);
  left.deleted += remove(body, "[data-was~=deleted]", says);
  for (const element of body.querySelectorAll("[data-was~=sizeless]")) {
    if (!element.querySelector("[data-was~=sized]")) {
      element.dataset.was += " hidden";
    }
  }
  left.hidden += remove(body, "[data-was~=hidden]", says);
  for (const picture of body.querySelectorAll("img, input[type=image]")) {
    const isDot = ["width", "height"].some((name) => /^[01]$/.test(picture.getAttribute(name) ?? ""));
    if (!isDot) {
      left.pictures.push(nameOf(picture));
    }
  }
  remove(body, "[data-was~=ignore], img, col, colgroup, input, link, meta");
}

// A remark is marked where it belongs and written at the end, or only one of the two.
function dropRemarks(body, left) {
  const anchors = [];
  const notes = [];
  for (const link of body.querySelectorAll("a[href]")) {
    const found = link.getAttribute("href").match(/^#_?(?:mso)?(?:cmnt|com|anchor|comment|annotation)(_?(?:ref|anchor))?[_-]?\d+$/i);
    if (found) {
      (found[1] || /^#_?msoanchor/i.test(found[0]) ? notes : anchors).push(link);
    }
  }
  const inNotes = notes.map((link) => {
    const block = link.closest("div, aside, li, dd");
    const isOwn = block?.textContent.trim().startsWith(link.textContent.trim());
    return isOwn ? block : (link.closest("p") ?? link);
  });
  const marked = body.querySelectorAll("[data-was~=remark]").length;
  const number = Math.max(anchors.length, notes.length, marked);
  for (const element of inNotes) {
    element.remove();
  }
  for (const link of anchors) {
    const mark = link.closest("sup");
    link.remove();
    if (mark && !says(mark)) {
      mark.remove();
    }
  }
  const others = remove(body, "[data-was~=comment], [data-was~=remark]", says);
  left.comments += number || others;
}

function nameOf(picture) {
  const source = picture.getAttribute("src") ?? "";
  const name = /^data:/i.test(source) ? "" : source.split(/[?#]/)[0].split("/").at(-1);
  return (picture.getAttribute("alt") || name || "").trim().slice(0, 60);
}

/** Nothing left out so far. */
export const nothingLeft = () => ({ deleted: 0, comments: 0, hidden: 0, margins: 0, frames: 0, links: 0, pictures: [], kept: [] });

const number = (count, one, many) => (count ? [`${count} ${count === 1 ? one : many}`] : []);

/** Returns sentences about the parts that were left out, or "" if there were none. */
export function sentenceOf(left) {
  const names = left.pictures.filter(Boolean).slice(0, 3).map((name) => `“${name}”`);
  const pictures = number(left.pictures.length, "picture", "pictures").map((words) => (names.length ? `${words} (${names.join(", ")})` : words));
  const parts = [
    ...number(left.deleted, "deleted passage", "deleted passages"),
    ...number(left.comments, "comment", "comments"),
    ...number(left.hidden, "hidden passage", "hidden passages"),
    ...number(left.margins, "page header or footer", "page headers or footers"),
    ...number(left.frames, "embedded frame or player", "embedded frames or players"),
    ...number(left.links, "link that leads nowhere", "links that lead nowhere"),
    ...pictures,
  ];
  const list = parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts.join("");
  const sentences = [
    list && `Left out: ${list}.`,
    left.pictures.length && "Add pictures with the Picture tool.",
    left.kept.length &&
      `${[...new Set(left.kept)].join(" and ")} hides where ${left.kept.length === 1 ? "a link leads" : "links lead"}: set the address by hand.`,
  ];
  return sentences.filter(Boolean).join(" ");
}
