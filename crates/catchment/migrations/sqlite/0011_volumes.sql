CREATE TABLE IF NOT EXISTS sync_volumes (
  volume_id TEXT NOT NULL,
  node TEXT NOT NULL,
  label TEXT NULL DEFAULT NULL,
  fs_type TEXT NOT NULL,
  size_bytes INTEGER NULL DEFAULT NULL,
  usb_vendor TEXT NULL DEFAULT NULL,
  usb_product TEXT NULL DEFAULT NULL,
  usb_serial TEXT NULL DEFAULT NULL,
  is_removable INTEGER NOT NULL DEFAULT 0,
  is_present INTEGER NOT NULL DEFAULT 0,
  mount_point TEXT NOT NULL,
  plug TEXT NULL DEFAULT NULL,
  is_answered INTEGER NOT NULL DEFAULT 0,
  answered_plug TEXT NULL DEFAULT NULL,
  answering_until TEXT NULL DEFAULT NULL,
  first_seen_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  last_seen_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
  PRIMARY KEY (volume_id, node)
);
CREATE TABLE IF NOT EXISTS sync_vouched (
  state_key TEXT NOT NULL PRIMARY KEY,
  sync_run_id INTEGER NOT NULL,
  versions TEXT NOT NULL
);
