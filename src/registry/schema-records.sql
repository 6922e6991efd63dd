-- What the ledger keeps of the registry: one record a decision, in the transaction that carries it out.
-- Those of one agreement are chained: each names the hash of the one before.

CREATE TABLE record (
  position INTEGER PRIMARY KEY, -- from 1 without gaps
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  agreement TEXT, -- NULL: belongs to no agreement's chain
  content TEXT NOT NULL, -- JSON, as it is hashed
  sha256 BLOB NOT NULL
) STRICT;
CREATE INDEX record_agreement ON record (agreement, position) WHERE agreement IS NOT NULL;
CREATE INDEX record_subject ON record (kind, subject);
CREATE TRIGGER record_keeps BEFORE UPDATE ON record
BEGIN SELECT RAISE (ABORT, 'records are append-only'); END;
CREATE TRIGGER record_stays BEFORE DELETE ON record
BEGIN SELECT RAISE (ABORT, 'records are append-only'); END;

-- Final statements: the document and what it was made of, both as they are hashed.
CREATE TABLE statement (
  agreement TEXT NOT NULL,
  month TEXT NOT NULL, -- yyyy-mm
  revision INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  record INTEGER NOT NULL REFERENCES record (position),
  document TEXT NOT NULL,
  inputs TEXT NOT NULL,
  PRIMARY KEY (agreement, month, revision)
) STRICT;
CREATE TRIGGER statement_keeps BEFORE UPDATE ON statement
BEGIN SELECT RAISE (ABORT, 'statements are revised, never changed'); END;
CREATE TRIGGER statement_stays BEFORE DELETE ON statement
BEGIN SELECT RAISE (ABORT, 'statements are revised, never deleted'); END;

-- What a party says of an outage.
CREATE TABLE contest (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agreement TEXT NOT NULL,
  site TEXT NOT NULL REFERENCES site (id),
  month TEXT NOT NULL, -- yyyy-mm
  outage_start_unix_ms INTEGER NOT NULL,
  person TEXT NOT NULL,
  text TEXT NOT NULL,
  author TEXT NOT NULL,
  entered_at INTEGER NOT NULL
) STRICT;
CREATE INDEX contest_month ON contest (agreement, month);
CREATE TRIGGER contest_keeps BEFORE UPDATE ON contest
BEGIN SELECT RAISE (ABORT, 'what was said stays'); END;
CREATE TRIGGER contest_stays BEFORE DELETE ON contest
BEGIN SELECT RAISE (ABORT, 'what was said stays'); END;

-- Files that go with an exclusion, by their hash: the file itself stays with who has it.
CREATE TABLE exclusion_attachment (
  exclusion INTEGER NOT NULL REFERENCES exclusion (id),
  sha256 TEXT NOT NULL,
  name TEXT NOT NULL,
  added_by TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  PRIMARY KEY (exclusion, sha256)
) STRICT;
CREATE TRIGGER attachment_keeps BEFORE UPDATE ON exclusion_attachment
BEGIN SELECT RAISE (ABORT, 'what was attached stays'); END;
CREATE TRIGGER attachment_stays BEFORE DELETE ON exclusion_attachment
BEGIN SELECT RAISE (ABORT, 'what was attached stays'); END;
