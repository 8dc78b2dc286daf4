// Builds clinic/static/js/editor.js and the list of licences beside it: `npm ci && npm run build`.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OUT = new URL("../../clinic/static/js/", import.meta.url);
const here = (name) => new URL(name, import.meta.url);

// tests/journeys/test_editor.py computes the same, so that a forgotten build is noticed.
const sources = ["build.mjs", "package-lock.json", ...readdirSync(here("src")).sort().map((name) => `src/${name}`)];
const hash = createHash("sha256");
for (const name of sources) {
  hash.update(`${name}\0`).update(readFileSync(here(name))).update("\0");
}

const result = await build({
  entryPoints: ["src/index.js"],
  absWorkingDir: here(".").pathname,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  write: false,
  metafile: true,
});
const banner = `/* Built by tools/editor; licences: editor.LICENSES.txt; sources: sha256 ${hash.digest("hex")} */\n`;
writeFileSync(new URL("editor.js", OUT), banner + result.outputFiles[0].text);

const packages = new Set(
  Object.keys(result.metafile.inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean),
);
const licences = [...packages].sort().map((name) => {
  const folder = here(`node_modules/${name}/`);
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", folder)));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(new URL(file, folder), "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync(new URL("editor.LICENSES.txt", OUT), licences.join(`\n${"-".repeat(80)}\n\n`));
console.log(`${packages.size} packages, ${result.outputFiles[0].contents.length} bytes`);
