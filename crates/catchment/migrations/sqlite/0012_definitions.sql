CREATE TABLE IF NOT EXISTS sync_definitions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL DEFAULT 1,
  source_type TEXT NOT NULL,
  source_identifier TEXT NOT NULL,
  options TEXT NOT NULL,
  schedule TEXT NULL DEFAULT NULL,
  is_paused INTEGER NOT NULL DEFAULT 0,
  next_tick TEXT NULL DEFAULT NULL,
  next_at TEXT NULL DEFAULT NULL,
  last_tick TEXT NULL DEFAULT NULL,
  last_outcome TEXT NULL DEFAULT NULL,
  last_error TEXT NULL DEFAULT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
CREATE INDEX IF NOT EXISTS sync_definitions_by_due ON sync_definitions (next_at);
ALTER TABLE sync_runs ADD COLUMN sync_id INTEGER NULL DEFAULT NULL;
ALTER TABLE sync_runs ADD COLUMN trigger_kind TEXT NULL DEFAULT NULL;
ALTER TABLE sync_runs ADD COLUMN scheduled_for TEXT NULL DEFAULT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS sync_runs_one_run_a_tick ON sync_runs (sync_id, scheduled_for, request_key);
CREATE INDEX IF NOT EXISTS sync_runs_by_sync ON sync_runs (sync_id, id);
