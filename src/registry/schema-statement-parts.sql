-- A month in which an agreement's terms change has a statement for each part: kept by the version of the
-- terms too. The table is made anew because its key grows.

ALTER TABLE statement RENAME TO former_statement;
CREATE TABLE statement (
  agreement TEXT NOT NULL,
  month TEXT NOT NULL, -- yyyy-mm
  version INTEGER NOT NULL, -- of the terms
  revision INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  record INTEGER NOT NULL REFERENCES record (position),
  document TEXT NOT NULL,
  inputs TEXT NOT NULL,
  PRIMARY KEY (agreement, month, version, revision)
) STRICT;
INSERT INTO statement SELECT agreement, month, json_extract(document, '$.version'), revision, made_at,
  record, document, inputs FROM former_statement;
DROP TABLE former_statement;
CREATE TRIGGER statement_keeps BEFORE UPDATE ON statement
BEGIN SELECT RAISE (ABORT, 'statements are revised, never changed'); END;
CREATE TRIGGER statement_stays BEFORE DELETE ON statement
BEGIN SELECT RAISE (ABORT, 'statements are revised, never deleted'); END;
