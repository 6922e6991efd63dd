-- The registry, first step of its schema. Times are Unix milliseconds; intervals are
-- half-open and an open end is NULL. Nothing that was true is overwritten: versions and intervals
-- are closed, and the audit table refuses changes.

CREATE TABLE site (
  id TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE site_alias (
  alias TEXT PRIMARY KEY,
  site TEXT NOT NULL REFERENCES site (id)
) STRICT;
CREATE INDEX site_alias_site ON site_alias (site);

CREATE TABLE site_version (
  site TEXT NOT NULL REFERENCES site (id),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER,
  name TEXT,
  kind TEXT NOT NULL,
  latitude REAL NOT NULL,
  longitude REAL NOT NULL,
  place TEXT,
  region TEXT,
  operator TEXT,
  status TEXT NOT NULL CHECK (status IN ('open', 'closed', 'merged')),
  merged_into TEXT REFERENCES site (id),
  invented INTEGER NOT NULL,
  folded TEXT NOT NULL, -- name, place, region and operator in lower case without accents
  author TEXT NOT NULL,
  PRIMARY KEY (site, valid_from),
  CHECK ((status = 'merged') = (merged_into IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX site_version_current ON site_version (site) WHERE valid_to IS NULL;

CREATE TABLE agent (
  id TEXT PRIMARY KEY,
  public_key BLOB NOT NULL UNIQUE,
  heartbeat_key BLOB NOT NULL,
  software TEXT NOT NULL,
  profile TEXT NOT NULL DEFAULT 'full',
  active_line_probes INTEGER NOT NULL DEFAULT 0,
  enrolled_at INTEGER NOT NULL,
  revoked_at INTEGER,
  quarantined_at INTEGER,
  quarantine_reason TEXT,
  heartbeat_at INTEGER,
  heartbeat_counter INTEGER
) STRICT;

CREATE TABLE assignment (
  agent TEXT NOT NULL REFERENCES agent (id),
  site TEXT NOT NULL REFERENCES site (id),
  valid_from INTEGER NOT NULL,
  valid_to INTEGER,
  author TEXT NOT NULL,
  PRIMARY KEY (agent, valid_from)
) STRICT;
CREATE UNIQUE INDEX assignment_current ON assignment (agent) WHERE valid_to IS NULL;
CREATE INDEX assignment_site ON assignment (site);

CREATE TABLE enrolment_code (
  secret_sha256 BLOB PRIMARY KEY,
  site TEXT NOT NULL REFERENCES site (id),
  author TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  agent TEXT REFERENCES agent (id)
) STRICT;

CREATE TABLE line (
  site TEXT NOT NULL REFERENCES site (id),
  agent TEXT NOT NULL REFERENCES agent (id),
  key TEXT NOT NULL,
  interface TEXT NOT NULL,
  gateway TEXT,
  family TEXT NOT NULL,
  public_address TEXT,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  confirmed_at INTEGER,
  confirmed_by TEXT,
  confirmed_reason TEXT,
  PRIMARY KEY (site, agent, key)
) STRICT;
CREATE INDEX line_gateway ON line (gateway) WHERE gateway IS NOT NULL;

CREATE TABLE target (
  id TEXT PRIMARY KEY,
  name TEXT,
  measure TEXT NOT NULL -- JSON of the wire contract
) STRICT;

CREATE TABLE site_target (
  site TEXT NOT NULL REFERENCES site (id),
  target TEXT NOT NULL REFERENCES target (id),
  slot_seconds INTEGER NOT NULL,
  PRIMARY KEY (site, target)
) STRICT;

CREATE TABLE schedule (
  agent TEXT PRIMARY KEY REFERENCES agent (id),
  revision INTEGER NOT NULL,
  content TEXT NOT NULL -- JSON of the wire contract
) STRICT;

CREATE TABLE agreement (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  author TEXT NOT NULL,
  entered_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT;

CREATE TABLE exclusion (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  agreement TEXT NOT NULL,
  site TEXT REFERENCES site (id), -- NULL: every site of the agreement
  from_unix_ms INTEGER NOT NULL,
  to_unix_ms INTEGER NOT NULL,
  class TEXT NOT NULL,
  reason TEXT NOT NULL,
  author TEXT NOT NULL,
  entered_at INTEGER NOT NULL,
  withdrawn_at INTEGER,
  CHECK (from_unix_ms < to_unix_ms)
) STRICT;
CREATE INDEX exclusion_agreement ON exclusion (agreement, from_unix_ms);

CREATE TABLE outage (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  site TEXT NOT NULL REFERENCES site (id),
  agreement TEXT,
  agent TEXT,
  start_unix_ms INTEGER NOT NULL,
  end_unix_ms INTEGER,
  slot_seconds INTEGER NOT NULL,
  down_slots INTEGER NOT NULL,
  cause TEXT NOT NULL,
  verdict TEXT NOT NULL -- JSON of the domain: cause, locus, facts
) STRICT;
CREATE INDEX outage_site ON outage (site, start_unix_ms);
CREATE INDEX outage_start ON outage (start_unix_ms);

-- Runs of this collector: what lies between two of them was measured by nobody here.
CREATE TABLE collector_run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at INTEGER NOT NULL,
  alive_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  author TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL -- JSON
) STRICT;
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit table is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit table is append-only'); END;
