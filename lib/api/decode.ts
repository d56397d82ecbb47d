const escapes = /(?:%[0-9A-Fa-f]{2})+/g;

/** Decodes percent escapes; what is malformed stays as it came. */
export const decodePart = (text: string): string => decodeWith(decodeURIComponent, text);

/** Decodes a path, but nothing that would change its parts (`%2F`) or that `decodePart` still has to decode in them (`%25`). */
export const decodePath = (path: string): string =>
  path.includes('%') ? decodeWith(decodeURI, path.replaceAll('%25', '%2525')) : path;

function decodeWith(decode: (text: string) => string, text: string): string {
  if (!text.includes('%')) return text;
  const whole = decoded(decode, text);
  return whole ?? text.replaceAll(escapes, (run) => decoded(decode, run) ?? run);
}

function decoded(decode: (text: string) => string, text: string): string | undefined {
  try {
    return decode(text);
  } catch {
    return undefined;
  }
}
