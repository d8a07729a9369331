ALTER TABLE sync_run_pages ADD COLUMN gone BLOB;
