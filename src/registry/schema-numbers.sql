-- Outages had been numbered one after the other: who saw two of their own could count those of others
-- between them. Exclusions and comments keep theirs, which signed records name; new ones are derived.

UPDATE OR IGNORE outage SET id = 1099511627776 + abs (random () % 1099511627776);
