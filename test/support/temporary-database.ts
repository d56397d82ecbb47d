import { onTestFinished } from 'vitest';
import { type DatabaseOptions, openDatabase } from '../../lib/embedded/database.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A database in a directory of its own; both are gone when the test ends. */
export function temporaryDatabase(options: DatabaseOptions = {}): ReturnType<typeof openDatabase> {
  const directory = temporaryDirectory();
  const database = openDatabase(directory.path, options);
  onTestFinished(() => {
    database.close();
    directory.remove();
  });
  return database;
}
