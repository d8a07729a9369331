CREATE TABLE IF NOT EXISTS sync_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_type TEXT NOT NULL,
  source_identifier TEXT NOT NULL,
  source_name TEXT NOT NULL,
  target_table TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending',
  items_processed INTEGER NOT NULL DEFAULT 0,
  items_failed INTEGER NOT NULL DEFAULT 0,
  items_skipped INTEGER NOT NULL DEFAULT 0,
  started_at TEXT NULL DEFAULT NULL,
  completed_at TEXT NULL DEFAULT NULL,
  sync_metadata TEXT NULL DEFAULT NULL,
  error_type TEXT NULL DEFAULT NULL,
  error_code TEXT NULL DEFAULT NULL,
  error_message TEXT NULL DEFAULT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  options TEXT NOT NULL,
  door TEXT NOT NULL,
  node TEXT NULL DEFAULT NULL,
  request_key TEXT NOT NULL,
  lane_key TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  fruitless_attempts INTEGER NOT NULL DEFAULT 0,
  next_attempt_at TEXT NULL DEFAULT NULL,
  fence INTEGER NOT NULL DEFAULT 0,
  lease_owner TEXT NULL DEFAULT NULL,
  lease_until TEXT NULL DEFAULT NULL,
  page_no INTEGER NOT NULL DEFAULT 0,
  read_cursor TEXT NULL DEFAULT NULL,
  CONSTRAINT sync_runs_status CHECK (status IN ('pending', 'in_progress', 'completed', 'failed', 'cancelled')),
  CONSTRAINT sync_runs_started CHECK (status <> 'in_progress' OR started_at IS NOT NULL),
  CONSTRAINT sync_runs_ended CHECK (status NOT IN ('completed', 'failed', 'cancelled') OR completed_at IS NOT NULL),
  CONSTRAINT sync_runs_counts CHECK (items_processed >= 0 AND items_failed >= 0 AND items_skipped >= 0)
);

CREATE UNIQUE INDEX IF NOT EXISTS sync_runs_one_active_run_a_lane ON sync_runs (lane_key) WHERE status = 'in_progress';
CREATE UNIQUE INDEX IF NOT EXISTS sync_runs_one_waiting_run_a_request ON sync_runs (request_key) WHERE status = 'pending' AND attempt = 0;
CREATE INDEX IF NOT EXISTS sync_runs_by_status ON sync_runs (status, next_attempt_at);
CREATE INDEX IF NOT EXISTS sync_runs_by_lane ON sync_runs (lane_key, status);
CREATE INDEX IF NOT EXISTS sync_runs_by_created ON sync_runs (created_at);

CREATE TABLE IF NOT EXISTS sync_attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sync_run_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  fence INTEGER NOT NULL,
  worker TEXT NOT NULL,
  started_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  ended_at TEXT NULL DEFAULT NULL,
  pages_before INTEGER NOT NULL,
  pages_after INTEGER NULL DEFAULT NULL,
  error_type TEXT NULL DEFAULT NULL,
  error_code TEXT NULL DEFAULT NULL,
  error_message TEXT NULL DEFAULT NULL,
  CONSTRAINT one_attempt_a_fence UNIQUE (sync_run_id, fence),
  CONSTRAINT sync_attempts_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS sync_errors (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sync_run_id INTEGER NOT NULL,
  error_type TEXT NOT NULL,
  error_code TEXT NOT NULL,
  error_message TEXT NOT NULL,
  item_identifier TEXT NULL DEFAULT NULL,
  is_retryable INTEGER NOT NULL DEFAULT 0,
  line_no INTEGER NULL DEFAULT NULL,
  byte_offset INTEGER NULL DEFAULT NULL,
  source_page INTEGER NULL DEFAULT NULL,
  json_path TEXT NULL DEFAULT NULL,
  column_name TEXT NULL DEFAULT NULL,
  raw_record TEXT NULL DEFAULT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  CONSTRAINT sync_errors_retryable CHECK (is_retryable IN (0, 1)),
  CONSTRAINT sync_errors_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS sync_errors_by_run ON sync_errors (sync_run_id, id);
CREATE INDEX IF NOT EXISTS sync_errors_by_created ON sync_errors (created_at, error_type);

CREATE TABLE IF NOT EXISTS sync_skips (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sync_run_id INTEGER NOT NULL,
  reason TEXT NOT NULL,
  item_identifier TEXT NULL DEFAULT NULL,
  line_no INTEGER NULL DEFAULT NULL,
  byte_offset INTEGER NULL DEFAULT NULL,
  source_page INTEGER NULL DEFAULT NULL,
  json_path TEXT NULL DEFAULT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  CONSTRAINT sync_skips_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS sync_skips_by_run ON sync_skips (sync_run_id, id);

CREATE TABLE IF NOT EXISTS content_index (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  content_type TEXT NOT NULL,
  title TEXT NOT NULL,
  artist TEXT NULL DEFAULT NULL,
  genre TEXT NULL DEFAULT NULL,
  source_type TEXT NOT NULL,
  source_identifier TEXT NOT NULL,
  external_id TEXT NOT NULL,
  is_available INTEGER NOT NULL DEFAULT 1,
  metadata TEXT NULL DEFAULT NULL,
  last_synced_at TEXT NULL DEFAULT NULL,
  last_sync_run_id INTEGER NULL DEFAULT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  CONSTRAINT content_identity UNIQUE (source_type, source_identifier, external_id),
  CONSTRAINT content_index_type CHECK (content_type IN ('music', 'video', 'movie', 'game')),
  CONSTRAINT content_index_title CHECK (title <> ''),
  CONSTRAINT content_index_external_id CHECK (external_id <> ''),
  CONSTRAINT content_index_available CHECK (is_available IN (0, 1))
);

CREATE INDEX IF NOT EXISTS content_index_by_title ON content_index (content_type, title);
CREATE INDEX IF NOT EXISTS content_index_by_artist ON content_index (artist);

CREATE TABLE IF NOT EXISTS catalog_items (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  category_id TEXT NOT NULL,
  capacity TEXT NOT NULL,
  capacity_gb INTEGER NULL DEFAULT NULL,
  price NUMERIC NOT NULL,
  content_count INTEGER NULL DEFAULT NULL,
  content_unit TEXT NULL DEFAULT NULL,
  is_active INTEGER NOT NULL DEFAULT 1,
  is_popular INTEGER NOT NULL DEFAULT 0,
  last_synced_at TEXT NULL DEFAULT NULL,
  last_sync_run_id INTEGER NULL DEFAULT NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  CONSTRAINT catalog_identity UNIQUE (category_id, capacity),
  CONSTRAINT catalog_items_keys CHECK (category_id <> '' AND capacity <> ''),
  CONSTRAINT catalog_items_price CHECK (price >= 0),
  CONSTRAINT catalog_items_counts CHECK (capacity_gb >= 0 AND content_count >= 0),
  CONSTRAINT catalog_items_flags CHECK (is_active IN (0, 1) AND is_popular IN (0, 1))
);
