-- One month of the embedded sample store, version 4 (PRAGMA user_version). See src/store/embedded.rs.

CREATE TABLE chunk (
  key INTEGER PRIMARY KEY, -- 32 × series + day of the month
  body BLOB NOT NULL, -- src/store/embedded/chunk.rs
  detail BLOB -- what only some kinds have; NULL when no sample has it
) STRICT;

-- The day in sums, beside the chunks so that reading a country's month reads nothing else.
CREATE TABLE day (
  key INTEGER PRIMARY KEY, -- that of the chunk
  samples INTEGER NOT NULL,
  silent INTEGER NOT NULL, -- samples that sent something and got no answer
  sent INTEGER NOT NULL,
  received INTEGER NOT NULL,
  last_unix_ms INTEGER -- start of the last sample; NULL where version 3 wrote the day
) STRICT;

-- Median response times of the day; no row when nothing was answered.
CREATE TABLE sketch (
  key INTEGER PRIMARY KEY, -- that of the chunk
  body BLOB NOT NULL -- src/store/embedded/rollup.rs
) STRICT;

CREATE TABLE evidence (
  key INTEGER PRIMARY KEY, -- 32 × site + day of the month
  body BLOB NOT NULL -- src/store/embedded/facts.rs
) STRICT;
