-- The embedded sample store's index, but for index-4.sql; version 4 (PRAGMA user_version). See src/store/embedded.rs.

CREATE TABLE series (
  id INTEGER PRIMARY KEY, -- from 1 without gaps
  site TEXT NOT NULL,
  agent TEXT NOT NULL,
  target TEXT NOT NULL,
  kind TEXT NOT NULL,
  slot_seconds INTEGER NOT NULL,
  line TEXT,
  family TEXT
) STRICT;

-- Sites that evidence is kept of.
CREATE TABLE site (
  id INTEGER PRIMARY KEY, -- from 1 without gaps
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE applied (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  position INTEGER NOT NULL
) STRICT;
INSERT INTO applied (only, position) VALUES (1, 0);
