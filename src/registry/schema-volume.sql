-- Most bytes that an agent may send and receive in a month; NULL: no limit of the collector's.
ALTER TABLE agent ADD COLUMN monthly_volume_bytes_max INTEGER CHECK (monthly_volume_bytes_max > 0);
