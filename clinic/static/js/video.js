/* Replaces the link of a video by its player when the link is clicked. */
for (const link of document.querySelectorAll("a[data-embed]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const frame = document.createElement("iframe");
    frame.src = link.dataset.embed;
    frame.title = link.dataset.title;
    frame.allow = "autoplay; fullscreen; picture-in-picture";
    frame.className = "video-frame";
    link.replaceWith(frame);
    frame.focus();
  });
}
