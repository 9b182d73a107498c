-- For how long a lease or a hold was granted, 0 where an older program did: one that ends later than
-- that from now was granted before the clock was set back, and is not waited for.
ALTER TABLE jobs ADD COLUMN lease_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN hold_ms bigint NOT NULL DEFAULT 0;
