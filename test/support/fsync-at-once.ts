import { fdatasyncSync } from 'node:fs';
import type { Fsync } from '../../lib/embedded/database.ts';

/** Fsyncs while everything waits, so that a clock moved by hand need not wait for a disk. */
export const fsyncAtOnce: Fsync = (file, done) => {
  fdatasyncSync(file);
  done(null);
};
