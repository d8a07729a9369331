CREATE TABLE IF NOT EXISTS sync_seen (
  sync_run_id BIGINT NOT NULL,
  page_no BIGINT NOT NULL,
  target_table VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_name VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  key_columns TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  row_count BIGINT NOT NULL,
  identity_sum CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  identities MEDIUMBLOB NOT NULL,
  seen_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (sync_run_id, page_no),
  KEY by_source (target_table, source_type, source_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
