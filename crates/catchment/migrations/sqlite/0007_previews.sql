ALTER TABLE sync_runs ADD COLUMN mode TEXT NOT NULL DEFAULT 'sync';
ALTER TABLE sync_runs ADD COLUMN based_on INTEGER;
CREATE UNIQUE INDEX sync_runs_one_run_based_on_a_run ON sync_runs (based_on);
CREATE TABLE IF NOT EXISTS sync_passes (
  target_table TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source_name TEXT NOT NULL,
  last_pass_at TEXT,
  CONSTRAINT sync_passes_source UNIQUE (target_table, source_type, source_name)
);
CREATE TABLE IF NOT EXISTS sync_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sync_run_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  item_identifier TEXT NOT NULL,
  line_no INTEGER,
  source_page INTEGER,
  json_path TEXT,
  size REAL NOT NULL DEFAULT 0,
  fields TEXT NOT NULL,
  CONSTRAINT sync_changes_kind CHECK (kind IN ('insert', 'update', 'gone')),
  CONSTRAINT sync_changes_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS sync_changes_by_run ON sync_changes (sync_run_id, kind, id);
CREATE TABLE IF NOT EXISTS sync_run_pages (
  sync_run_id INTEGER NOT NULL,
  page_no INTEGER NOT NULL,
  identities BLOB NOT NULL,
  changes BLOB NOT NULL,
  rejected BLOB NOT NULL,
  CONSTRAINT sync_run_pages_page UNIQUE (sync_run_id, page_no),
  CONSTRAINT sync_run_pages_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
);
