-- Exclusions have a kind, and two people: who asks for one and who approves it. One counts from its
-- approval to its withdrawal; one entered before this step waits for an approval.

ALTER TABLE exclusion ADD COLUMN kind TEXT NOT NULL DEFAULT 'other'
  CHECK (kind IN ('planned_works', 'stop_clock', 'other'));
ALTER TABLE exclusion ADD COLUMN requested_by TEXT NOT NULL DEFAULT '';
ALTER TABLE exclusion ADD COLUMN approved_by TEXT;
ALTER TABLE exclusion ADD COLUMN approved_at INTEGER
  CHECK ((approved_at IS NULL) = (approved_by IS NULL));
ALTER TABLE exclusion ADD COLUMN withdrawn_by TEXT;
ALTER TABLE exclusion ADD COLUMN withdrawn_reason TEXT;
UPDATE exclusion SET requested_by = author;
CREATE TRIGGER exclusion_stays BEFORE DELETE ON exclusion
BEGIN SELECT RAISE (ABORT, 'exclusions are withdrawn, never deleted'); END;
