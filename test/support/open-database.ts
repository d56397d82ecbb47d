import { ConfigError } from '../../lib/core/errors.ts';
import { openDatabase } from '../../lib/embedded/database.ts';

// A second process on a data directory: says `open`, or what an operator is told.
try {
  openDatabase(process.argv[2] ?? '').close();
  process.stdout.write('open');
} catch (error) {
  process.stdout.write(error instanceof ConfigError ? `ConfigError: ${error.message}` : `unexpected: ${String(error)}`);
}
