-- How far a piece of work has come through the journal that goes from its beginning to its end: what lies
-- before is not read again.
CREATE TABLE reached (
  work TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A batch asks for the boots of its agent that measured after it began: one or two, of hundreds.
CREATE INDEX boot_measured ON boot (agent, last_unix_ms);
