-- Imports as wholes, so that one can be taken back, and what was decided about sites that may be
-- one. Nothing is deleted: what is undone keeps its row.

CREATE TABLE import_run (
  id TEXT PRIMARY KEY,
  what TEXT NOT NULL, -- sites, or the kind of a layer
  file TEXT NOT NULL,
  layer TEXT, -- the layer's name
  rows_read INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  added INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  merged INTEGER NOT NULL,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  undone_at INTEGER,
  undone_by TEXT,
  undone_reason TEXT,
  kept TEXT -- JSON: the sites that undoing left as they were, each with why
) STRICT;

CREATE TABLE import_change (
  import TEXT NOT NULL REFERENCES import_run (id),
  site TEXT NOT NULL REFERENCES site (id),
  before INTEGER, -- valid_from of the version that was replaced; NULL: the site was new
  after INTEGER NOT NULL, -- valid_from of the version that was written
  undone INTEGER, -- valid_from of the version that took it back
  PRIMARY KEY (import, site)
) STRICT;
CREATE INDEX import_change_site ON import_change (site);

CREATE TABLE duplicate_decision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first TEXT NOT NULL REFERENCES site (id), -- the two sites in the order of their identifiers
  second TEXT NOT NULL REFERENCES site (id),
  verdict TEXT NOT NULL CHECK (verdict IN ('merged', 'distinct')),
  ended TEXT REFERENCES site (id), -- merged: the site that became part of the survivor
  survivor TEXT REFERENCES site (id),
  import TEXT REFERENCES import_run (id), -- when it was decided with an import
  metres REAL NOT NULL,
  likeness REAL, -- NULL: one has no name
  same_kind INTEGER NOT NULL,
  agents TEXT NOT NULL, -- JSON: agents that went over to the survivor
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  undone_at INTEGER,
  undone_by TEXT,
  undone_reason TEXT,
  CHECK ((verdict = 'merged') = (survivor IS NOT NULL AND ended IS NOT NULL))
) STRICT;
CREATE INDEX duplicate_decision_pair ON duplicate_decision (first, second);
CREATE INDEX duplicate_decision_import ON duplicate_decision (import) WHERE import IS NOT NULL;
