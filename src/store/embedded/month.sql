-- One month of the embedded sample store. See src/store/embedded.rs.

CREATE TABLE chunk (
  key INTEGER PRIMARY KEY, -- 32 × series + day of the month
  -- The day in sums; they lie before the body, so that reading them reads no more.
  samples INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  received INTEGER NOT NULL,
  body BLOB NOT NULL, -- src/store/embedded/chunk.rs
  detail BLOB -- what only some kinds have; NULL when no sample has it
) STRICT;

CREATE TABLE evidence (
  key INTEGER PRIMARY KEY, -- 32 × site + day of the month
  body BLOB NOT NULL -- src/store/embedded/facts.rs
) STRICT;
