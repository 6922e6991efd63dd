-- The journal, version 1 (PRAGMA user_version). Append-only but for `time_map` and `mapped_at`, which
-- are filled once. Times are Unix milliseconds of the collector unless they say boottime.

CREATE TABLE batch (
  position INTEGER PRIMARY KEY, -- from 1 without gaps
  received_at INTEGER NOT NULL,
  agent TEXT NOT NULL,
  boot TEXT NOT NULL,
  sequence_first INTEGER NOT NULL,
  sequence_last INTEGER NOT NULL,
  previous BLOB NOT NULL,
  batch_hash BLOB NOT NULL UNIQUE,
  content_type TEXT NOT NULL,
  body BLOB NOT NULL, -- exactly as sent
  signature BLOB NOT NULL,
  peer TEXT, -- public address seen
  samples INTEGER NOT NULL,
  boottime_first_ms INTEGER, -- of what was measured; NULL when nothing was
  boottime_last_ms INTEGER,
  time_map TEXT, -- JSON; NULL while no exchange of this boot is known
  mapped_at INTEGER -- position of the batch whose exchange gave the map; its own as a rule
) STRICT;
CREATE INDEX batch_agent ON batch (agent, position);
CREATE INDEX batch_arrival ON batch (agent, received_at);
CREATE INDEX batch_mapped ON batch (mapped_at, position);
CREATE INDEX batch_waiting ON batch (agent, boot) WHERE time_map IS NULL;

CREATE TABLE entry (
  agent TEXT NOT NULL,
  boot TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  hash BLOB NOT NULL, -- of the entry with its targets and lines spelt out
  position INTEGER NOT NULL,
  PRIMARY KEY (agent, boot, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE conflict (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  received_at INTEGER NOT NULL,
  agent TEXT NOT NULL,
  boot TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  batch_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  peer TEXT,
  UNIQUE (batch_hash, sequence)
) STRICT;

CREATE TABLE exchange (
  agent TEXT NOT NULL,
  boot TEXT NOT NULL,
  sent_boottime_ms INTEGER NOT NULL,
  received_boottime_ms INTEGER NOT NULL,
  collector_received_unix_ms INTEGER NOT NULL,
  collector_sent_unix_ms INTEGER NOT NULL,
  PRIMARY KEY (agent, boot, sent_boottime_ms, received_boottime_ms, collector_received_unix_ms,
    collector_sent_unix_ms)
) STRICT, WITHOUT ROWID;

-- What each boot measured, in corrected time: two boots that measured the same interval are two
-- machines with one key.
CREATE TABLE boot (
  agent TEXT NOT NULL,
  boot TEXT NOT NULL,
  first_unix_ms INTEGER NOT NULL,
  last_unix_ms INTEGER NOT NULL,
  uncertainty_ms INTEGER NOT NULL,
  PRIMARY KEY (agent, boot)
) STRICT, WITHOUT ROWID;
