/** The layout of the file, step by step: a file takes the steps that it has not taken. A newer file is refused. */
export const steps: readonly string[] = [
  `
CREATE TABLE jobs (
  job_id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL, active INTEGER NOT NULL,
  generation_ms INTEGER NOT NULL, settled_at_ms INTEGER, record TEXT NOT NULL, hot TEXT NOT NULL, seen TEXT NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX jobs_active ON jobs (job_id) WHERE active = 1;
CREATE INDEX jobs_of_owner ON jobs (owner, generation_ms DESC, job_id DESC);
CREATE INDEX jobs_settled ON jobs (settled_at_ms) WHERE active = 0;
CREATE TABLE events (
  position INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, job_id TEXT NOT NULL, owner TEXT NOT NULL, at_ms INTEGER NOT NULL, event TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_owner ON events (owner, position);
CREATE INDEX events_of_job ON events (job_id);
CREATE TABLE deliveries (
  event_id TEXT NOT NULL, target TEXT NOT NULL, job_id TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  next_attempt_at_ms INTEGER NOT NULL, last_error TEXT, PRIMARY KEY (event_id, target)
) WITHOUT ROWID, STRICT;
CREATE INDEX deliveries_pending ON deliveries (next_attempt_at_ms) WHERE state = 'pending';
CREATE INDEX deliveries_of_job ON deliveries (job_id);
`,
  `
CREATE TABLE shared_news (
  key TEXT NOT NULL, target TEXT NOT NULL, event_id TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (key, target)
) WITHOUT ROWID, STRICT;
`,
  // Numbered, so that jobs handed over together lie together, and so do their claims. Many jobs are of few kinds: each is kept once.
  `
CREATE TABLE kinds (kind_number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;
INSERT INTO kinds (text) SELECT DISTINCT json_extract(record, '$.spec.kind') FROM jobs;
CREATE TABLE numbered (
  number INTEGER PRIMARY KEY, job_id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, kind TEXT NOT NULL, kind_number INTEGER NOT NULL, status TEXT NOT NULL,
  active INTEGER NOT NULL, generation_ms INTEGER NOT NULL, settled_at_ms INTEGER, record TEXT NOT NULL, hot TEXT NOT NULL, seen TEXT NOT NULL
) STRICT;
INSERT INTO numbered (job_id, owner, kind, kind_number, status, active, generation_ms, settled_at_ms, record, hot, seen)
  SELECT job_id, owner, kind, (SELECT kind_number FROM kinds WHERE text = json_extract(record, '$.spec.kind')), status, active, generation_ms,
    settled_at_ms, json_remove(record, '$.spec.kind'), hot, seen FROM jobs ORDER BY generation_ms, job_id;
DROP TABLE jobs;
ALTER TABLE numbered RENAME TO jobs;
CREATE INDEX jobs_active ON jobs (number) WHERE active = 1;
CREATE INDEX jobs_of_owner ON jobs (owner, generation_ms DESC, job_id DESC);
CREATE INDEX jobs_of_kind ON jobs (kind_number);
CREATE INDEX jobs_settled ON jobs (settled_at_ms) WHERE active = 0;
CREATE TABLE claims (
  number INTEGER PRIMARY KEY, checks INTEGER NOT NULL, claimed_at_ms INTEGER, next_check_at_ms INTEGER NOT NULL, unsaved_claims INTEGER NOT NULL
) STRICT;
`,
  // An end writes fewer pages: events and deliveries are found by their job, then by their own id, and positions are counted in memory.
  `
CREATE TABLE inbox (
  position INTEGER PRIMARY KEY, job_id TEXT NOT NULL, event_id TEXT NOT NULL, owner TEXT NOT NULL, event TEXT NOT NULL, UNIQUE (job_id, event_id)
) STRICT;
INSERT INTO inbox SELECT position, job_id, event_id, owner, event FROM events;
CREATE TABLE forgotten (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
INSERT INTO forgotten SELECT 1, coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'events';
DROP TABLE events;
ALTER TABLE inbox RENAME TO events;
CREATE TABLE told (
  job_id TEXT NOT NULL, event_id TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL,
  next_attempt_at_ms INTEGER NOT NULL, last_error TEXT, PRIMARY KEY (job_id, event_id, target)
) WITHOUT ROWID, STRICT;
INSERT INTO told SELECT job_id, event_id, target, state, attempts, next_attempt_at_ms, last_error FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE told RENAME TO deliveries;
CREATE INDEX deliveries_pending ON deliveries (next_attempt_at_ms) WHERE state = 'pending';
`,
];
