-- A look at a site asks which exclusions hold now: those that are over, years of them, are not read.

CREATE INDEX exclusion_end ON exclusion (agreement, to_unix_ms) WHERE withdrawn_at IS NULL;

-- Lines are asked for by agent too, over all its sites.

CREATE INDEX line_agent ON line (agent);
