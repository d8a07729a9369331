CREATE TABLE IF NOT EXISTS sync_jobs (
  name TEXT NOT NULL PRIMARY KEY,
  schedule TEXT NOT NULL,
  next_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  turn INTEGER NOT NULL DEFAULT 0,
  started_at TEXT NULL DEFAULT NULL,
  ended_at TEXT NULL DEFAULT NULL,
  error_message TEXT NULL DEFAULT NULL
);
