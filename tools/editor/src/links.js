// Addresses that a mail scanner or a site has wrapped into one of its own: read back to the address that was meant.
//
// The wrapped address carries the recipient's, so one that cannot be read back is not kept, except where the maker hides
// the address (OPAQUE). clinic/core/links.py has the same list; tests/core/wrapped_links.toml tries both.

const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const bytes = (text) => {
  try {
    const plain = text.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
    return new TextDecoder("utf-8").decode(Uint8Array.from(atob(plain), (one) => one.charCodeAt(0)));
  } catch {
    return "";
  }
};

const query = (...names) => (url) => names.map((name) => url.searchParams.get(name)).find(Boolean) ?? "";

// Proofpoint's second version: "-" stands for "%" and "_" for "/".
const proofpoint2 = (url) => decoded((url.searchParams.get("u") ?? "").replaceAll("-", "%").replaceAll("_", "/"));

// Its third: "*" stands for the next character of a list at the end, "**" and a letter for as many as the letter says.
function proofpoint3(url) {
  const found = url.href.match(/\/v3\/__(.+?)__;([^!]*)!/);
  if (!found) {
    return "";
  }
  const lengths = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const left = [...bytes(found[2])];
  const take = (number) => left.splice(0, number).join("");
  const whole = found[1].replace(/^(https?:)\/(?!\/)/i, "$1//");
  return decoded(whole).replace(/\*(\*(.))?/g, (_mark, run, letter) => take(run ? lengths.indexOf(letter) + 2 : 1));
}

const inPath = (url) => {
  const found = url.href.slice(url.origin.length).match(/https?(?:%3a|:)(?:%2f|\/).*$/i);
  return found ? decoded(found[0]).replace(/^(https?:)\/(?!\/)/i, "$1//") : "";
};
const inBase64 = (url) => bytes(url.pathname.split("/").find((part) => part.startsWith("aHR0c")) ?? "");
const avanan = (url) => (url.href.match(/___(https?:.+?)___/i)?.[1] ?? "").replace(/^(https?:)\/(?!\/)/i, "$1//") || query("o", "url")(url);
const yahoo = (url) => decoded(url.pathname.match(/\/RU=([^/]+)/)?.[1] ?? "");
const bing = (url) => bytes((url.searchParams.get("u") ?? "").replace(/^a1/, ""));

// [name of the host, path, how the address is read]
const WRAPPERS = [
  [/(^|\.)safelinks\.protection\.(partner\.)?(outlook|office365)\.(com|us|cn)$|^statics\.teams\.cdn\.office\.net$/, /./, query("url")],
  [/^urldefense\.proofpoint\.com$/, /^\/v1\//, query("u")],
  [/^urldefense\.proofpoint\.com$/, /^\/v2\//, proofpoint2],
  [/^urldefense\.(com|us|proofpoint\.com)$/, /^\/v3\//, proofpoint3],
  [/^linkprotect\.cudasvc\.com$/, /./, query("a")],
  [/^secure-web\.cisco\.com$/, /./, inPath],
  [/(^|\.)protection\.sophos\.com$/, /./, (url) => bytes(url.searchParams.get("u") ?? "")],
  [/(^|\.)trendmicro\.(com|eu|co\.jp)$/, /^\/wis\/clicktime\//, query("url")],
  [/^protect\d?(-[a-z]+)?\.fireeye\.com$|(^|\.)trellix\.com$/, /^\/(v\d\/)?url/, query("u")],
  [/^clicktime\.(symantec|cloud\.postoffice)\.(com|net)$/, /./, (url) => query("u")(url) || inPath(url)],
  [/./, /^\/fmlurlsvc\//, query("url")],
  [/(^|\.)urlsand\.(com|esvalabs\.com)$/, /./, query("u")],
  [/^lsems\.gravityzone\.bitdefender\.com$/, /./, inBase64],
  [/^link\.edgepilot\.com$/, /./, query("u")],
  [/(^|\.)(url-protection\.com|avanan\.click)$/, /./, avanan],
  [/^(www\.)?google\.[a-z.]{2,6}$/, /^\/url$/, query("q", "url")],
  [/^(l|lm)\.(facebook|instagram|messenger|threads)\.(com|net)$/, /./, query("u")],
  [/^(www\.)?facebook\.com$/, /^\/l\.php$/, query("u")],
  [/^(www\.)?linkedin\.com$/, /^\/(redir\/redirect|safety\/go)\/?$/, query("url")],
  [/^(www\.|m\.)?youtube\.com$/, /^\/redirect$/, query("q")],
  [/^slack-redir\.net$/, /^\/link$/, query("url")],
  [/^out\.reddit\.com$/, /./, query("url")],
  [/^(www\.|m\.)?vk\.com$/, /^\/away\.php$/, query("to")],
  [/^(www\.)?duckduckgo\.com$/, /^\/l\/$/, query("uddg")],
  [/^r\.search\.yahoo\.com$/, /./, yahoo],
  [/^(www\.)?bing\.com$/, /^\/ck\/a$/, bing],
];
const OPAQUE = [
  [/(^|\.)mimecast(protect)?\.com$/, /\/s\//, "Mimecast"],
  [/(^|\.)antigena\.com$/, /./, "Darktrace"],
  [/(^|\.)hornetsecurity\.com$/, /./, "Hornetsecurity"],
];
const MOST_WRAPS = 5; // a mail that was forwarded passes several scanners

const read = (address) => {
  try {
    const url = new URL(address);
    return /^https?:$/.test(url.protocol) ? url : null;
  } catch {
    return null;
  }
};
const fits = (url, [host, path]) => host.test(url.hostname) && path.test(url.pathname);

/** The address that was meant: the same one if it is not wrapped, "" if it is and cannot be read back. */
export function unwrapLink(address) {
  let found = address;
  for (let wraps = 0; wraps < MOST_WRAPS; wraps += 1) {
    const url = read(found);
    const wrapper = url && WRAPPERS.find((one) => fits(url, one));
    if (!wrapper) {
      return found;
    }
    found = wrapper[2](url).trim();
    if (!read(found) && !/^mailto:[^?\s]+@/i.test(found)) {
      return "";
    }
  }
  return "";
}

/** The maker of a wrapped address whose target is hidden from us, or "". */
export function hiddenBy(address) {
  const url = read(address);
  return (url && OPAQUE.find((one) => fits(url, one))?.[2]) ?? "";
}

/** A text with each wrapped address in it read back. */
export function unwrapText(text) {
  return text.replace(/https?:\/\/[^\s<>"']+/gi, (address) => {
    const end = address.match(/[.,;:!?)\]]*$/)[0];
    const whole = address.slice(0, address.length - end.length);
    return (unwrapLink(whole) || whole) + end;
  });
}
