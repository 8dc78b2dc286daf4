// Progress of an export. Without this script, or after any error, the link is a plain download.
const status = document.querySelector("[data-export-status]");
for (const link of document.querySelectorAll("a[data-export]")) {
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    status.textContent = "Creating the file …";
    try {
      const answer = await fetch(link.href);
      const name = /filename=([\w.-]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];
      if (!answer.ok || answer.redirected || !name) throw new Error("ask for a proof of identity first");
      const rows = Number(answer.headers.get("X-Rows"));
      const parts = [];
      let lines = 0;
      for (const reader = answer.body.getReader(); ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        parts.push(value);
        if (name.endsWith(".csv")) lines += value.reduce((sum, byte) => sum + (byte === 10), 0);
        status.textContent = lines
          ? `${Math.min(lines, rows)} of ${rows} leads …`
          : `${Math.round(parts.reduce((sum, part) => sum + part.length, 0) / 1024)} kB …`;
      }
      const save = document.createElement("a");
      save.href = URL.createObjectURL(new Blob(parts));
      save.download = name;
      save.click();
      URL.revokeObjectURL(save.href);
      status.textContent = `Done: ${rows} leads in ${name}.`;
    } catch {
      status.textContent = "";
      location.assign(link.href);
    }
  });
}
