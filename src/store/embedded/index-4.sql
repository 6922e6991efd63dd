-- What the index has since version 4.

-- Rows that wait for their chunks, as they came. See src/store/embedded/recent.rs.
CREATE TABLE recent (
  id INTEGER PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;

-- When a series began of which a month was let go: a month without samples before that is one before measuring, and
-- one after it is an outage.
CREATE TABLE first (
  series INTEGER PRIMARY KEY,
  time_unix_ms INTEGER NOT NULL
) STRICT;
