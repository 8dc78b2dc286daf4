// The few styles of pasted text that carry meaning.

const MEANINGS = [
  [/(^|;)\s*font-weight\s*:\s*(bold|bolder|[6-9]00)\b/i, "bold"],
  [/(^|;)\s*font-weight\s*:\s*(normal|lighter|[1-4]00)\b/i, "plain"],
  [/(^|;)\s*font-style\s*:\s*(italic|oblique)\b/i, "italic"],
  [/(^|;)\s*font-style\s*:\s*normal\b/i, "upright"],
  [/(^|;)\s*vertical-align\s*:\s*super\b/i, "sup"],
  [/(^|;)\s*vertical-align\s*:\s*sub\b/i, "sub"],
  [/(^|;)\s*(display\s*:\s*none|mso-hide\s*:\s*all)\b/i, "hidden"],
  [/(^|;)\s*mso-list\s*:\s*ignore\b/i, "ignore"],
];

/** What a style attribute says, in words of our own: ["bold", "level-2"]. */
export function parseStyle(style) {
  const plain = style.replaceAll("&quot;", '"');
  const level = plain.match(/(?:^|;)\s*mso-list\s*:[^;]*\blevel(\d)/i);
  const words = MEANINGS.filter(([pattern]) => pattern.test(plain)).map(([, word]) => word);
  return level ? [...words, `level-${level[1]}`] : words;
}
