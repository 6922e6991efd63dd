-- The log, in the journal's file, so that a batch and its leaf are one commit. Append-only.

CREATE TABLE leaf (
  number INTEGER PRIMARY KEY, -- from 0 without gaps
  kind INTEGER NOT NULL, -- 1 batch, 2 time of a batch, 3 record of the registry
  source INTEGER NOT NULL, -- position of the batch, or of the record
  hash BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX leaf_source ON leaf (kind, source);

-- Complete subtrees of two leaves and more: `number << level` is the first leaf.
CREATE TABLE node (
  level INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, number)
) STRICT, WITHOUT ROWID;

-- Checkpoints that were signed: whoever got one can be shown that today's log begins with it.
CREATE TABLE checkpoint (
  size INTEGER PRIMARY KEY,
  made_at INTEGER NOT NULL,
  root BLOB NOT NULL,
  note TEXT NOT NULL
) STRICT;

CREATE TRIGGER leaf_keeps BEFORE UPDATE ON leaf
BEGIN SELECT RAISE (ABORT, 'the log is append-only'); END;
CREATE TRIGGER leaf_stays BEFORE DELETE ON leaf
BEGIN SELECT RAISE (ABORT, 'the log is append-only'); END;
CREATE TRIGGER node_keeps BEFORE UPDATE ON node
BEGIN SELECT RAISE (ABORT, 'the log is append-only'); END;
CREATE TRIGGER node_stays BEFORE DELETE ON node
BEGIN SELECT RAISE (ABORT, 'the log is append-only'); END;
CREATE TRIGGER checkpoint_keeps BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE (ABORT, 'checkpoints are kept'); END;
CREATE TRIGGER checkpoint_stays BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE (ABORT, 'checkpoints are kept'); END;
