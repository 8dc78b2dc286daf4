// The dialogs of one or two fields: a video, the size of a table, the caption of a table.
import { complain, field, openDialog, tick } from "./dialog.js";

/** "youtube:ID" or "vimeo:ID" for an address of one of the two, else null. */
export function videoSource(typed) {
  let address;
  try {
    address = new URL(/^https?:\/\//i.test(typed.trim()) ? typed.trim() : `https://${typed.trim()}`);
  } catch {
    return null;
  }
  const host = address.hostname.replace(/^(www|m|music)\./, "");
  const path = address.pathname;
  if (host === "vimeo.com" || host === "player.vimeo.com") {
    const id = path.match(/\/(\d{5,})(?:\/|$)/)?.[1];
    return id ? `vimeo:${id}` : null;
  }
  let id = null;
  if (host === "youtu.be") {
    id = path.slice(1);
  } else if (host === "youtube.com" || host === "youtube-nocookie.com") {
    id = address.searchParams.get("v") ?? path.match(/^\/(?:embed|shorts|live|v)\/([^/]+)/)?.[1];
  }
  return /^[\w-]{11}$/.test(id ?? "") ? `youtube:${id}` : null;
}

/** Ask for the address and the title of a video. */
export async function videoDialog(onVideo) {
  const address = field("Video address", {
    name: "address",
    inputmode: "url",
    hint: "From YouTube or Vimeo: copy it from the address bar or from “Share”.",
    "data-first": true,
  });
  const title = field("Title", { name: "title", hint: "Readers see it before they press play." });
  const { closed } = openDialog({
    title: "Add a video",
    content: [address, title],
    submit: "Add video",
    onSubmit() {
      const input = address.querySelector("input");
      const source = videoSource(input.value);
      complain(input, source ? "" : "Paste the address of a video on YouTube or Vimeo.");
      if (!source) {
        return null;
      }
      const words = title.querySelector("input");
      complain(words, words.value.trim() ? "" : "Enter a title for the video.");
      if (!words.value.trim()) {
        return null;
      }
      return () => onVideo({ source, title: words.value.trim() });
    },
  });
  await closed;
}

/** Ask for the size of a new table. */
export async function tableDialog(onTable) {
  const number = (label, name, value, max) =>
    field(label, { name, type: "number", value, min: 1, max, inputmode: "numeric", ...(name === "rows" && { "data-first": true }) });
  const rows = number("Rows", "rows", "3", 50);
  const cols = number("Columns", "cols", "3", 10);
  const header = tick("Use the first row as column headings", { name: "header", checked: true });
  const { closed } = openDialog({
    title: "Add a table",
    content: [rows, cols, header],
    submit: "Add table",
    onSubmit() {
      for (const input of [rows, cols].map((one) => one.querySelector("input"))) {
        complain(input, input.value !== "" && input.checkValidity() ? "" : `Enter a number from 1 to ${input.max}.`);
        if (input.hasAttribute("aria-invalid")) {
          return null;
        }
      }
      const size = [rows, cols].map((one) => Number(one.querySelector("input").value));
      return () => onTable({ rows: size[0], cols: size[1], withHeaderRow: header.querySelector("input").checked });
    },
  });
  await closed;
}

/** Ask for the caption of a table. */
export async function captionDialog(old, onCaption) {
  const caption = field("Caption", { name: "caption", value: old, hint: "One line that describes the table.", "data-first": true });
  const { closed } = openDialog({
    title: "Table caption",
    content: [caption],
    submit: "Save caption",
    onSubmit() {
      return () => onCaption(caption.querySelector("input").value.trim());
    },
  });
  await closed;
}
