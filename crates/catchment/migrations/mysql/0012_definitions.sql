CREATE TABLE IF NOT EXISTS sync_definitions (
  id BIGINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version BIGINT NOT NULL DEFAULT 1,
  source_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_identifier VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  options MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  schedule TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  is_paused TINYINT(1) NOT NULL DEFAULT 0,
  next_tick TIMESTAMP(3) NULL DEFAULT NULL,
  next_at TIMESTAMP(3) NULL DEFAULT NULL,
  last_tick TIMESTAMP(3) NULL DEFAULT NULL,
  last_outcome VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL,
  last_error TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL DEFAULT NULL,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (id),
  UNIQUE KEY sync_definitions_by_name (name),
  KEY sync_definitions_by_due (next_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
ALTER TABLE sync_runs ADD COLUMN sync_id BIGINT NULL DEFAULT NULL;
ALTER TABLE sync_runs ADD COLUMN trigger_kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL;
ALTER TABLE sync_runs ADD COLUMN scheduled_for TIMESTAMP(3) NULL DEFAULT NULL;
CREATE UNIQUE INDEX sync_runs_one_run_a_tick ON sync_runs (sync_id, scheduled_for, request_key);
CREATE INDEX sync_runs_by_sync ON sync_runs (sync_id, id);
