-- Where a target lies that stands for a part of the path; NULL: nothing is known of it.
ALTER TABLE target ADD COLUMN anchor TEXT CHECK (anchor IN ('national', 'international'));

-- How agents look for a portal. One row, or none: then by a reserved name only.
CREATE TABLE captive_check (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  empty_page TEXT,
  absent_name TEXT
) STRICT;
