/**
 * What no message carries: control characters and line ends (headers, terminals), format characters (text that is shown
 * in another order than it is written, or not at all), private use and what is no character.
 */
const unseen = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
const unshown = /[\p{Cf}\p{Co}\p{Cn}]+/gu;

/** One line of at most `most` UTF-16 units that is shown as it is written; what was cut off ends in "…". */
export function plain(text: string, most: number): string {
  // Remote text can be long, and most of it is thrown away: only what can still matter is looked at.
  const line = text
    .slice(0, most * 8)
    .toWellFormed()
    .replace(unseen, ' ')
    .replace(unshown, '')
    .replace(/\s+/gu, ' ')
    .trim();
  return cut(line, (kept) => kept.length <= most);
}

/** The same, in at most `most` bytes of UTF-8. */
export const plainBytes = (text: string, most: number): string =>
  cut(plain(text, most), (kept) => Buffer.byteLength(kept) <= most);

/** Keeps whole characters, with the marks that belong to them, as long as they fit. */
function cut(line: string, fits: (kept: string) => boolean): string {
  if (fits(line)) return line;
  let kept = '';
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)) {
    if (!fits(`${kept}${segment}…`)) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}
