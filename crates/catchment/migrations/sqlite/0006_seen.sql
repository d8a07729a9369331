CREATE TABLE IF NOT EXISTS sync_seen (
  sync_run_id INTEGER NOT NULL,
  page_no INTEGER NOT NULL,
  target_table TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source_name TEXT NOT NULL,
  key_columns TEXT NOT NULL,
  row_count INTEGER NOT NULL,
  identity_sum TEXT NOT NULL,
  identities BLOB NOT NULL,
  seen_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  CONSTRAINT sync_seen_page UNIQUE (sync_run_id, page_no)
);
CREATE INDEX IF NOT EXISTS sync_seen_by_source ON sync_seen (target_table, source_type, source_name);
