import { writeSync } from 'node:fs';
import { openDatabase } from '../../lib/embedded/database.ts';

// Writes rows without end into a data directory, carrying the log over every few of them; says each row that is acknowledged, as soon as it is.
const database = openDatabase(process.argv[2] ?? '', { checkpoint_pages: 40 });
const { sql } = database;
sql.exec('CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, text TEXT NOT NULL)');
const insert = sql.prepare('INSERT INTO rows VALUES (?, ?)');
let last = Number(sql.prepare('SELECT max(number) AS last FROM rows').get()?.['last'] ?? 0);

async function writeOn(): Promise<never> {
  for (;;) {
    const number = ++last;
    await database.write(() => void insert.run(number, 'x'.repeat(2000)), 'durable');
    writeSync(1, `${number}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, writeOn));
