/** One open bracket: what it repeats so far, and the prefix operators (`!`, `&`) that wait for their operand. */
type Level = { gathers: boolean; before: number; copies: number; prefixes: number; refers: boolean };
const opened = { before: 0, copies: 1, prefixes: 0, refers: false };
/** What the part being read repeats; a literal repeats nothing of the document. */
const held = (level: Level): number => (level.refers ? level.copies : 0);

const literal = "'";
const quoted = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/g;
/** Opening brackets by what they mean: an index, slice, filter or projection; parts; a call or a group. Then closing ones, commas and prefixes. */
const token =
  /(?<step>\[(?=\s*(?:[\]?:\d-]|\*\s*\])))|(?<parts>[[{])|(?<name>[A-Za-z_]\w*)?\s*(?<call>\()|[)\]}]|,|!=|&&|[!&]|[^\s]/g;

/**
 * How deep an expression nests, and how many times it can repeat the document in its answer: lists and objects of parts
 * (`[a, b]`, `{x: a, y: b}`) and `merge` add up what they hold, steps one after the other multiply.
 */
export function weighExpression(expression: string): { nesting: number; copies: number } {
  const levels: Level[] = [];
  let level: Level = { ...opened, gathers: false };
  let nesting = 0;
  for (const { 0: text, groups } of expression
    .replace(quoted, (text) => (text.startsWith('"') ? 'q' : literal))
    .matchAll(token)) {
    const { step, parts, name, call } = groups ?? {};
    if ((step ?? parts ?? call) !== undefined) {
      levels.push(level);
      level.refers = true;
      // A text of a text doubles its backslashes.
      if (name === 'to_string') level.copies *= 2;
      level = { ...opened, gathers: name === 'merge' || parts !== undefined };
    } else if (/^[)\]}]$/.test(text)) {
      const outer = levels.pop();
      if (outer === undefined) continue;
      outer.copies *= Math.max(1, level.before + held(level));
      outer.prefixes = 0;
      level = outer;
    } else if (text === ',' && level.gathers) {
      level = { ...opened, gathers: true, before: level.before + held(level) };
    } else {
      level.refers ||= text !== literal;
      level.prefixes = text === '!' || text === '&' ? level.prefixes + 1 : 0;
    }
    const prefixes = levels.reduce((sum, open) => sum + open.prefixes, level.prefixes);
    nesting = Math.max(nesting, levels.length + prefixes);
  }
  return { nesting, copies: level.copies };
}
