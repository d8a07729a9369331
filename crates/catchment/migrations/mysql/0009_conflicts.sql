CREATE TABLE IF NOT EXISTS sync_written (
  scope BINARY(16) NOT NULL,
  identity BINARY(16) NOT NULL,
  fields LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (scope, identity)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE TABLE IF NOT EXISTS sync_conflicts (
  id BIGINT NOT NULL AUTO_INCREMENT,
  scope BINARY(16) NOT NULL,
  identity BINARY(16) NOT NULL,
  column_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  sync_run_id BIGINT NOT NULL,
  target_table VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_type VARCHAR(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  source_name VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  item_identifier VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  row_key TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  is_written BOOLEAN NOT NULL,
  written_value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  table_value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  source_value LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL DEFAULT NULL,
  state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'open',
  settled_by VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NULL DEFAULT NULL,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  settled_at TIMESTAMP(3) NULL DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY of_field (scope, identity, column_name),
  KEY by_state (state, id),
  CONSTRAINT sync_conflicts_state CHECK (state IN ('open', 'settled')),
  CONSTRAINT sync_conflicts_settled_by CHECK (settled_by IN ('table', 'source', 'value', 'agreed', 'gone'))
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
