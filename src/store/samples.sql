-- The embedded sample store, version 1 (PRAGMA user_version). It can be deleted at any time: it is
-- filled again from the journal.

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  site TEXT NOT NULL,
  agent TEXT NOT NULL,
  target TEXT NOT NULL,
  kind TEXT NOT NULL,
  slot_seconds INTEGER NOT NULL,
  line TEXT NOT NULL, -- '' when not known: NULLs would not be unique
  family TEXT NOT NULL,
  UNIQUE (site, agent, target, kind, slot_seconds, line, family)
) STRICT;

CREATE TABLE sample (
  series INTEGER NOT NULL,
  time_unix_ms INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  uncertainty_ms INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  received INTEGER NOT NULL,
  rtt_us_min INTEGER,
  rtt_us_median INTEGER,
  rtt_us_max INTEGER,
  rtt_us_mean_successive_difference INTEGER,
  coarse INTEGER NOT NULL,
  detail TEXT,
  PRIMARY KEY (series, time_unix_ms, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
  site TEXT NOT NULL,
  time_unix_ms INTEGER NOT NULL,
  agent TEXT NOT NULL,
  boot TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  uncertainty_ms INTEGER NOT NULL,
  line TEXT,
  target TEXT,
  fact TEXT NOT NULL,
  PRIMARY KEY (site, time_unix_ms, agent, boot, sequence, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE applied (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  position INTEGER NOT NULL
) STRICT;
INSERT INTO applied (only, position) VALUES (1, 0);
