ALTER TABLE sync_runs ADD COLUMN claimable_by VARCHAR(264) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin GENERATED ALWAYS AS (CONCAT(CASE door WHEN 'http' THEN 'service' ELSE 'any' END, '@', COALESCE(node, '*'))) STORED;
CREATE INDEX by_claim ON sync_runs (status, claimable_by, next_attempt_at);
UPDATE sync_runs SET next_attempt_at = created_at WHERE status = 'pending' AND next_attempt_at IS NULL;
UPDATE sync_runs SET lane_key = 'table:catalog_items' WHERE target_table = 'catalog_items' AND status <> 'in_progress';
CREATE TABLE IF NOT EXISTS sync_sources (
  target_table VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_name VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  last_completed_at TIMESTAMP(3) NULL DEFAULT NULL,
  PRIMARY KEY (target_table, source_type, source_name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) SELECT target_table, source_type, source_name, MAX(completed_at) FROM sync_runs WHERE status = 'completed' GROUP BY target_table, source_type, source_name ON DUPLICATE KEY UPDATE last_completed_at = COALESCE(sync_sources.last_completed_at, VALUES(last_completed_at));
CREATE TABLE IF NOT EXISTS sync_token_claims (
  name CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  claimed_by CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  claimed_until TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
ALTER TABLE content_index MODIFY COLUMN updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3);
ALTER TABLE catalog_items MODIFY COLUMN updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3);
