CREATE TABLE IF NOT EXISTS sync_states (
  state_key TEXT NOT NULL PRIMARY KEY,
  sync_run_id INTEGER NOT NULL,
  kept TEXT NOT NULL,
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
CREATE TABLE IF NOT EXISTS sync_tokens (
  name TEXT NOT NULL PRIMARY KEY,
  sealed TEXT NOT NULL,
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
CREATE TABLE IF NOT EXISTS sync_run_keys (
  sync_run_id INTEGER NOT NULL PRIMARY KEY,
  key_id TEXT NOT NULL,
  CONSTRAINT sync_run_keys_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
);
