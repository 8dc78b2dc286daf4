/* Upload of several pictures, dropped or chosen, each with its own fields and progress bar. A failed upload stays with its
   error. Leaving the page asks while an upload is pending. */
for (const form of document.querySelectorAll("form[data-uploads]")) {
  const { h, card } = clinicPictures;
  const chooser = form.querySelector("input[type=file]");
  const common = form.elements.credit;
  const button = form.querySelector("button[type=submit]");
  const cards = h("div", { class: "uploads" });
  const done = h("ul", { class: "uploaded" });
  const status = h("p", { role: "status" });
  let waiting = [];

  function offer(files) {
    for (const file of files) {
      const one = card(file, { address: form.dataset.uploads, token: form.elements.csrf_token, credit: common.value, onRemove: drop });
      one.credit.addEventListener("input", () => {
        one.hasOwnCredit = true;
      });
      one.element.addEventListener("again", () => start([one]));
      waiting.push(one);
      cards.append(one.element);
    }
    chooser.value = ""; // the cards hold the files, and the same file may be chosen again
    say();
    waiting.at(-files.length)?.element.querySelector("input").focus();
  }

  function drop(one) {
    waiting = waiting.filter((other) => other !== one);
    one.element.remove();
    say();
    chooser.focus();
  }

  function finish(one) {
    const picture = h("img", { src: one.image.url, alt: "", width: one.image.width, height: one.image.height });
    const words = one.image.alt || "Decorative";
    done.append(h("li", {}, picture, h("a", { href: `${form.dataset.edit}?id=${one.image.id}` }, words), " uploaded"));
    waiting = waiting.filter((other) => other !== one);
    one.element.remove();
  }

  function say(words = "") {
    const number = done.children.length;
    const left = waiting.length ? ` ${waiting.length} not uploaded yet.` : "";
    status.textContent = words || `${number ? `${number} uploaded.` : ""}${left}`.trim();
    button.textContent = waiting.length > 1 ? `Upload ${waiting.length} pictures` : "Upload";
  }

  async function start(chosen) {
    const unsaid = chosen.filter((one) => !one.check());
    if (unsaid.length) {
      unsaid[0].element.querySelector("[aria-invalid]").focus();
      return;
    }
    button.disabled = true;
    for (const [at, one] of chosen.entries()) {
      say(`Uploading ${at + 1} of ${chosen.length} …`);
      if (await one.upload()) finish(one);
    }
    button.disabled = false;
    say();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (waiting.length) start(waiting);
    else chooser.focus();
  });
  chooser.addEventListener("change", () => offer([...chooser.files]));
  common.addEventListener("input", () => {
    for (const one of waiting) if (!one.hasOwnCredit) one.credit.value = common.value;
  });

  const zone = chooser.closest(".field");
  zone.classList.add("drop-zone");
  zone.append(h("p", { class: "hint" }, "Or drop the pictures here."));
  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.classList.add("is-over");
    });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("is-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    offer([...event.dataTransfer.files]);
  });
  form.querySelector("[data-plain]").remove();
  form.querySelector(".form-buttons").before(cards, status);
  form.after(done);
  addEventListener("beforeunload", (event) => {
    if (waiting.length) event.preventDefault();
  });
}
