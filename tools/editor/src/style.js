// The few styles of pasted text that carry meaning.

const MEANINGS = [
  [/(^|;)\s*font-weight\s*:\s*(bold|bolder|[6-9]00)\b/i, "bold"],
  [/(^|;)\s*font-weight\s*:\s*(normal|lighter|[1-4]00)\b/i, "plain"],
  [/(^|;)\s*font-style\s*:\s*(italic|oblique)\b/i, "italic"],
  [/(^|;)\s*font-style\s*:\s*normal\b/i, "upright"],
  [/(^|;)\s*vertical-align\s*:\s*super\b/i, "sup"],
  [/(^|;)\s*vertical-align\s*:\s*sub\b/i, "sub"],
  [/(^|;)\s*(text-decoration(-line)?\s*:[^;]*\bline-through\b|text-line-through\s*:\s*(?!none))/i, "strike"],
  [/(^|;)\s*(display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|mso-hide\s*:\s*all|opacity\s*:\s*0+(\.0*)?\s*(;|!|$))/i, "hidden"],
  [/(^|;)\s*(max-height|height|width)\s*:\s*[01](px|pt)?\s*(;|!|$)(?=[\s\S]*overflow\s*:\s*hidden)/i, "hidden"],
  [/overflow\s*:\s*hidden[\s\S]*;\s*(max-height|height|width)\s*:\s*[01](px|pt)?\s*(;|!|$)/i, "hidden"],
  [/(^|;)\s*font-size\s*:\s*0+(\.0*)?(px|pt|em|rem|%)?\s*(;|!|$)/i, "sizeless"],
  [/(^|;)\s*font-size\s*:\s*0*\.?0*[1-9]/i, "sized"],
  [/(^|;)\s*mso-list\s*:\s*ignore\b/i, "ignore"],
  [/(^|;)\s*mso-element\s*:\s*(header|footer)\b/i, "margin"],
  [/(^|;)\s*(mso-element\s*:\s*comment|mso-comment-author|mso-special-character\s*:\s*comment)/i, "comment"],
  [/(^|;)\s*mso-element\s*:\s*comment\s*(;|$)/i, "remark"],
  [/(^|;)\s*direction\s*:\s*rtl\b/i, "rtl"],
];

/** Returns the meanings of a style attribute as our own words: ["bold", "level-2"]. */
export function parseStyle(style) {
  const plain = style.replaceAll("&quot;", '"');
  const list = plain.match(/(?:^|;)\s*mso-list\s*:\s*(l\d+)?[^;]*\blevel(\d)/i);
  const outline = plain.match(/(?:^|;)\s*mso-outline-level\s*:\s*([1-6])/i);
  return [
    ...MEANINGS.filter(([pattern]) => pattern.test(plain)).map(([, word]) => word),
    ...(list ? [`level-${list[2]}`, `list-${list[1] ?? "l"}`] : []),
    ...(outline ? [`outline-${outline[1]}`] : []),
  ];
}

/**
 * Returns a function from the name and classes of an element to their meanings in a pasted document. Pages, TextEdit and
 * the export of Google Docs hide and strike out text by a style sheet.
 */
export function readSheets(html) {
  const rules = [];
  for (const [, sheet] of html.matchAll(/<style\b[^>]*>([\s\S]*?)<\/style\s*>/gi)) {
    const plain = sheet.replace(/<!--|-->/g, "").replace(/\/\*[\s\S]*?\*\//g, "");
    for (const [, selectors, style] of plain.matchAll(/([^{}]+)\{([^{}]*)\}/g)) {
      const words = parseStyle(style);
      for (const selector of words.length ? selectors.split(",") : []) {
        const found = selector.trim().match(/^([a-z][a-z0-9]*)?\.([\w-]+)$/i);
        if (found) {
          rules.push([found[1]?.toLowerCase(), found[2], words]);
        }
      }
    }
  }
  return (name, classes) =>
    rules.flatMap(([tag, one, words]) => ((tag ?? name) === name && classes.includes(one) ? words : []));
}
