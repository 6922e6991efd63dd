-- People who may sign in, the ways in that they hold, and what happened at the door. Secrets are kept
-- as hashes only: passwords by argon2id, everything else (drawn at random, 256 bits) by SHA-256.

CREATE TABLE person (
  id TEXT PRIMARY KEY, -- what is typed to sign in
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN
    ('administrator', 'engineer', 'planner', 'contractor', 'technician', 'auditor')),
  reach TEXT NOT NULL, -- JSON list: regions, contractors, or the site; what it means follows the role
  password TEXT, -- PHC string; NULL until the link was used
  totp TEXT, -- base32
  totp_step INTEGER, -- step of the last code that was used: none works twice
  invented INTEGER NOT NULL DEFAULT 0, -- of a demonstration: never asked for a password, opens no door elsewhere
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  disabled_at INTEGER
) STRICT;
CREATE TRIGGER person_stays BEFORE DELETE ON person
BEGIN SELECT RAISE (ABORT, 'people are disabled, never deleted'); END;

-- One-time links: an invitation, or a reset.
CREATE TABLE link (
  secret_sha256 BLOB PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person (id),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX link_person ON link (person);

CREATE TABLE session (
  token_sha256 BLOB PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person (id),
  opened_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  peer TEXT NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX session_person ON session (person);

-- Browsers from which somebody signed in before: a stranger's guesses do not lock them out.
CREATE TABLE device (
  token_sha256 BLOB PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person (id),
  known_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX device_person ON device (person);

CREATE TABLE machine_token (
  id TEXT PRIMARY KEY,
  secret_sha256 BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  reach TEXT NOT NULL,
  sensitive INTEGER NOT NULL, -- whether it sees sites that are marked sensitive
  person TEXT REFERENCES person (id), -- who made it; with them it ends
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  revoked_at INTEGER,
  revoked_by TEXT
) STRICT;

CREATE TABLE sign_in (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  person TEXT, -- NULL: nobody of that name; what was typed may be a password and is not kept
  outcome TEXT NOT NULL,
  peer TEXT NOT NULL,
  device INTEGER NOT NULL -- whether the browser was known
) STRICT;
CREATE INDEX sign_in_person ON sign_in (person, id);

-- From where: the address of who decided, where it is known.
ALTER TABLE audit ADD COLUMN peer TEXT;
