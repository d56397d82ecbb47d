const PAGE = { width: 595, height: 842, left: 56, top: 780, leading: 16 }; // A4, in points
const LINES_AT_MOST = 44;

/** Renders lines of text as a PDF of one A4 page; what Latin-1 has no character for becomes "?", what does not fit is left out. */
export function renderPdf(title: string, lines: readonly string[]): Uint8Array {
  const shown = lines.slice(0, LINES_AT_MOST).map((line) => `(${escaped(line)}) Tj T*`);
  const text = [
    `BT /F1 18 Tf ${PAGE.left} ${PAGE.top} Td (${escaped(title)}) Tj ET`,
    `BT /F1 11 Tf ${PAGE.leading} TL ${PAGE.left} ${PAGE.top - 36} Td`,
    ...shown,
    'ET',
  ].join('\n');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${PAGE.width} ${PAGE.height}] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    `<< /Length ${text.length} >>\nstream\n${text}\nendstream`,
  ];
  return Buffer.from(assembled(objects), 'latin1');
}

/** Header, objects, the table of where each begins, and the trailer: every character is one byte by now. */
function assembled(objects: readonly string[]): string {
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  return `${file}xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
}

function escaped(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\xff]/g, '?').replace(/[\\()]/g, '\\$&');
}
