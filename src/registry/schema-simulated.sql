-- What a demonstration made up is marked where it enters: its enrolment codes, and the agents that
-- redeem them. Everything that those agents sent is simulated.

ALTER TABLE enrolment_code ADD COLUMN simulated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN simulated INTEGER NOT NULL DEFAULT 0;
