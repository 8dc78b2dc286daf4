/* Replaces a select of pictures by the chosen picture and a button that opens the media dialog: search, choose, upload. The
   select stays in the form and holds the choice. */
for (const select of document.querySelectorAll("select[data-picker]")) {
  const { h, newId, field, find, card } = clinicPictures;
  const { picker: address, upload } = select.dataset;
  const label = document.querySelector(`label[for="${select.id}"]`);
  const picture = h("img", { alt: "", class: "picked-picture", hidden: true });
  const words = h("p", { id: newId(), class: "picked-words", "aria-live": "polite" });
  const choose = h("button", { type: "button", id: newId(), class: "button button-quiet button-small", onclick: open }, "Choose …");
  const clear = h("button", { type: "button", class: "button button-quiet button-small", onclick: () => set(null) }, "Remove picture");
  label.id ||= newId();
  label.htmlFor = choose.id;
  choose.setAttribute("aria-labelledby", `${label.id} ${choose.id}`);
  choose.setAttribute("aria-describedby", `${words.id} ${select.getAttribute("aria-describedby") ?? ""}`.trim());
  select.hidden = true;
  select.after(h("div", { class: "picked" }, picture, words, h("div", { class: "form-buttons" }, choose, clear)));
  select.addEventListener("change", show);
  show();

  async function show() {
    const id = select.value;
    const option = select.selectedOptions[0];
    clear.hidden = !id;
    picture.hidden = true;
    words.textContent = id ? option.textContent : "No picture chosen.";
    if (!id) return;
    try {
      const { images } = await find(address, { ids: id });
      if (images.length && select.value === id) showPicture(images[0]);
    } catch {
      /* the text beside it names the picture */
    }
  }

  function showPicture(image) {
    picture.src = image.url;
    picture.width = image.width;
    picture.height = image.height;
    picture.hidden = false;
  }

  function set(image) {
    const id = image ? String(image.id) : "";
    if (![...select.options].some((option) => option.value === id)) {
      select.append(new Option(`${id}: ${image.alt || "Decorative"} (${image.width}×${image.height})`, id));
    }
    select.value = id;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    choose.focus();
  }

  function open() {
    const heading = newId();
    const search = field("Search", "", { type: "search" });
    const status = h("p", { class: "hint", role: "status" });
    const grid = h("ul", { class: "editor-grid" });
    const more = h("button", { type: "button", class: "button button-quiet button-small", hidden: true }, "Show more");
    const file = field("Or upload a new picture", "JPEG, PNG, WebP, HEIC or AVIF, up to 20 MB.", { type: "file", accept: ".jpg,.jpeg,.png,.webp,.heic,.heif,.avif" });
    const place = h("div");
    const close = h("button", { type: "button", class: "button button-quiet button-small", onclick: () => dialog.close() }, "Close");
    const head = h("div", { class: "editor-dialog-head" }, h("h2", { id: heading }, "Choose a picture"), close);
    const content = h("div", { class: "editor-dialog-content" }, search.element, status, grid, more, file.element, place);
    const dialog = h("dialog", { class: "editor-dialog editor-dialog-wide", "aria-labelledby": heading }, head, content);
    let page = 0;
    let latest = 0;
    let timer = 0;

    const use = (image) => {
      dialog.close();
      set(image);
    };

    async function load(number) {
      latest += 1;
      const mine = latest;
      status.textContent = "Loading …";
      try {
        const answer = await find(address, { q: search.input.value.trim(), page: number });
        if (mine !== latest) return;
        page = number;
        const items = answer.images.map((image) => {
          const shown = h("img", { src: image.url, alt: "", loading: "lazy", width: image.width, height: image.height });
          const name = h("span", {}, `${image.alt || "Decorative picture"} (${image.id})`);
          const pressed = String(String(image.id) === select.value);
          return h("li", {}, h("button", { type: "button", "aria-pressed": pressed, onclick: () => use(image) }, shown, name));
        });
        grid[number === 1 ? "replaceChildren" : "append"](...items);
        more.hidden = !answer.more;
        status.textContent = grid.children.length ? "Select a picture." : "No pictures match.";
        if (number > 1) items[0]?.firstChild.focus();
      } catch {
        if (mine !== latest) return;
        more.hidden = false;
        status.textContent = "The pictures could not be loaded. Press “Show more” to try again.";
      }
    }

    function offer() {
      const send = h("button", { type: "button", class: "button button-small" }, "Upload and choose");
      const token = select.form.elements.csrf_token;
      const one = card(file.input.files[0], { address: upload, token, onRemove: () => place.replaceChildren() });
      const start = async () => {
        if (!one.check()) {
          one.element.querySelector("[aria-invalid]").focus();
          return;
        }
        send.disabled = true;
        if (await one.upload()) use(one.image);
        send.disabled = false;
      };
      send.addEventListener("click", start);
      one.element.addEventListener("again", start);
      place.replaceChildren(one.element, send);
      file.input.value = "";
      one.element.querySelector("input").focus();
    }

    more.addEventListener("click", () => load(page + 1));
    search.input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => load(1), 250);
    });
    file.input.addEventListener("change", offer);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    search.input.focus();
    load(1);
  }
}
