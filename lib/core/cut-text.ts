/** The first `length` UTF-16 units, one fewer where the cut would go through a character. */
export const firstOf = (text: string, length: number): string => text.slice(0, length).replace(/[\ud800-\udbff]$/, '');

/** Cuts text to `length` characters, with an ellipsis where something is missing. */
export const cutText = (text: string, length: number): string =>
  text.length <= length ? text : `${firstOf(text, length - 1)}…`;
