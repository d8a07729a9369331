ALTER TABLE sync_errors ADD COLUMN record TEXT;
ALTER TABLE sync_errors ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
ALTER TABLE sync_errors ADD COLUMN state_note TEXT;
ALTER TABLE sync_errors ADD COLUMN replayed_by INTEGER;
