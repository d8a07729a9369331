CREATE TABLE IF NOT EXISTS sync_written (
  scope BLOB NOT NULL,
  identity BLOB NOT NULL,
  fields TEXT NOT NULL,
  PRIMARY KEY (scope, identity)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sync_conflicts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  scope BLOB NOT NULL,
  identity BLOB NOT NULL,
  column_name TEXT NOT NULL,
  sync_run_id INTEGER NOT NULL,
  target_table TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source_name TEXT NOT NULL,
  item_identifier TEXT NOT NULL,
  row_key TEXT NOT NULL,
  is_written INTEGER NOT NULL,
  written_value TEXT,
  table_value TEXT,
  source_value TEXT,
  state TEXT NOT NULL DEFAULT 'open',
  settled_by TEXT,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  settled_at TEXT,
  CONSTRAINT sync_conflicts_of_field UNIQUE (scope, identity, column_name),
  CONSTRAINT sync_conflicts_state CHECK (state IN ('open', 'settled')),
  CONSTRAINT sync_conflicts_settled_by CHECK (settled_by IN ('table', 'source', 'value', 'agreed', 'gone'))
);
CREATE INDEX IF NOT EXISTS sync_conflicts_by_state ON sync_conflicts (state, id);
