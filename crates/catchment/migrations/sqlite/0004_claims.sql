ALTER TABLE sync_runs ADD COLUMN claimable_by TEXT GENERATED ALWAYS AS (CASE door WHEN 'http' THEN 'service' ELSE 'any' END || '@' || COALESCE(node, '*')) VIRTUAL;
CREATE INDEX IF NOT EXISTS sync_runs_by_claim ON sync_runs (status, claimable_by, next_attempt_at);
UPDATE sync_runs SET next_attempt_at = created_at WHERE status = 'pending' AND next_attempt_at IS NULL;
UPDATE sync_runs SET lane_key = 'table:catalog_items' WHERE target_table = 'catalog_items' AND status <> 'in_progress';
CREATE TABLE IF NOT EXISTS sync_sources (
  target_table TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source_name TEXT NOT NULL,
  last_completed_at TEXT NULL DEFAULT NULL,
  CONSTRAINT sync_sources_identity UNIQUE (target_table, source_type, source_name)
);
INSERT INTO sync_sources (target_table, source_type, source_name, last_completed_at) SELECT target_table, source_type, source_name, MAX(completed_at) FROM sync_runs WHERE status = 'completed' GROUP BY target_table, source_type, source_name ON CONFLICT (target_table, source_type, source_name) DO NOTHING;
CREATE TABLE IF NOT EXISTS sync_token_claims (
  name TEXT NOT NULL PRIMARY KEY,
  claimed_by TEXT NOT NULL,
  claimed_until TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS content_index_updated AFTER UPDATE OF content_type, title, artist, genre, source_type, source_identifier, external_id, is_available, metadata ON content_index WHEN NEW.updated_at IS OLD.updated_at BEGIN UPDATE content_index SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = NEW.id; END;
CREATE TRIGGER IF NOT EXISTS catalog_items_updated AFTER UPDATE OF category_id, capacity, capacity_gb, price, content_count, content_unit, is_active, is_popular ON catalog_items WHEN NEW.updated_at IS OLD.updated_at BEGIN UPDATE catalog_items SET updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = NEW.id; END;
