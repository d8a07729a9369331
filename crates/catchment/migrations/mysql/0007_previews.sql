ALTER TABLE sync_runs ADD COLUMN mode VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'sync';
ALTER TABLE sync_runs ADD COLUMN based_on BIGINT NULL DEFAULT NULL;
CREATE UNIQUE INDEX one_run_based_on_a_run ON sync_runs (based_on);
CREATE TABLE IF NOT EXISTS sync_passes (
  target_table VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_name VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  last_pass_at TIMESTAMP(3) NULL DEFAULT NULL,
  PRIMARY KEY (target_table, source_type, source_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE IF NOT EXISTS sync_changes (
  id BIGINT NOT NULL AUTO_INCREMENT,
  sync_run_id BIGINT NOT NULL,
  kind VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  item_identifier VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  line_no BIGINT NULL DEFAULT NULL,
  source_page BIGINT NULL DEFAULT NULL,
  json_path TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  size DOUBLE NOT NULL DEFAULT 0,
  fields LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (id),
  KEY by_run (sync_run_id, kind, id),
  CONSTRAINT sync_changes_kind CHECK (kind IN ('insert', 'update', 'gone')),
  CONSTRAINT sync_changes_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE IF NOT EXISTS sync_run_pages (
  sync_run_id BIGINT NOT NULL,
  page_no BIGINT NOT NULL,
  identities MEDIUMBLOB NOT NULL,
  changes MEDIUMBLOB NOT NULL,
  rejected MEDIUMBLOB NOT NULL,
  PRIMARY KEY (sync_run_id, page_no),
  CONSTRAINT sync_run_pages_run FOREIGN KEY (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
