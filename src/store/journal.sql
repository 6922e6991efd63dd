-- The journal (PRAGMA user_version: see journal.rs). Append-only but for `time_map` and `mapped_at`, which
-- are filled once, and what is summed up in `boot`. Times are Unix milliseconds of the collector
-- unless they say boottime.
--
-- There is no row per entry: that two batches hold the same entry is seen from their ranges of
-- sequence numbers, and then from their bodies.

CREATE TABLE boot (
  id INTEGER PRIMARY KEY,
  agent BLOB NOT NULL,
  boot BLOB NOT NULL,
  longest INTEGER NOT NULL DEFAULT 0, -- greatest sequence_last - sequence_first of its batches
  -- What it measured, in corrected time; NULL until that is known. Two boots that measured the same
  -- interval are two machines with one key.
  first_unix_ms INTEGER,
  last_unix_ms INTEGER,
  uncertainty_ms INTEGER,
  UNIQUE (agent, boot)
) STRICT;

CREATE TABLE batch (
  position INTEGER PRIMARY KEY, -- from 1 without gaps
  boot INTEGER NOT NULL REFERENCES boot,
  received_at INTEGER NOT NULL,
  sequence_first INTEGER NOT NULL,
  sequence_last INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  boottime_first_ms INTEGER, -- of what was measured; NULL when nothing was
  boottime_last_ms INTEGER,
  time_map INTEGER REFERENCES time_map, -- NULL while no exchange of this boot is known
  mapped_at INTEGER, -- position of the batch whose exchange gave the map; its own as a rule
  peer TEXT, -- public address seen
  content_type TEXT NOT NULL,
  batch_hash BLOB NOT NULL,
  previous BLOB NOT NULL,
  signature BLOB NOT NULL,
  body BLOB NOT NULL -- exactly as sent
) STRICT;
-- 8 of a name's 32 bytes find it.
CREATE INDEX batch_name ON batch (substr(batch_hash, 1, 8));
CREATE INDEX batch_range ON batch (boot, sequence_first, sequence_last);
CREATE INDEX batch_arrival ON batch (boot, received_at);
CREATE INDEX batch_waited ON batch (mapped_at, position) WHERE mapped_at <> position;
CREATE INDEX batch_waiting ON batch (boot) WHERE time_map IS NULL;

-- Maps from boot time to Unix time, frozen; consecutive batches of a boot share most of them.
CREATE TABLE time_map (
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL REFERENCES boot,
  map BLOB NOT NULL -- see src/store/journal/map.rs
) STRICT;
CREATE INDEX time_map_boot ON time_map (boot, id);

CREATE TABLE conflict (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  received_at INTEGER NOT NULL,
  agent BLOB NOT NULL,
  boot BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  first_position INTEGER NOT NULL,
  batch_hash BLOB NOT NULL,
  hash BLOB NOT NULL, -- of the entry with its targets and lines spelt out
  peer TEXT,
  UNIQUE (batch_hash, sequence)
) STRICT;

CREATE TABLE exchange (
  boot INTEGER NOT NULL REFERENCES boot,
  sent_boottime_ms INTEGER NOT NULL,
  received_boottime_ms INTEGER NOT NULL,
  collector_received_unix_ms INTEGER NOT NULL,
  collector_sent_unix_ms INTEGER NOT NULL,
  PRIMARY KEY (boot, sent_boottime_ms, received_boottime_ms, collector_received_unix_ms,
    collector_sent_unix_ms)
) STRICT, WITHOUT ROWID;
