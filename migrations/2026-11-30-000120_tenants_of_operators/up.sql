-- Before the first release: as many rows as there are tenants.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid, disallowed-unique-constraint

SET LOCAL lock_timeout = '5s';

-- The operator's own name for a tenant, by which making it can be said again; NULL: none was given.
ALTER TABLE platform.tenants
    ADD COLUMN external_id text CONSTRAINT tenants_external_id_check CHECK (char_length(external_id) BETWEEN 1 AND 255),
    -- When it was deleted. Its rows stay until somebody purges them, and its handle stays taken.
    ADD COLUMN deleted_at timestamptz;
ALTER TABLE platform.tenants ADD CONSTRAINT tenants_external_id UNIQUE (external_id);
ALTER TABLE platform.tenants
    DROP CONSTRAINT tenants_status_check,
    ADD CONSTRAINT tenants_status_check CHECK (status IN ('ACTIVE', 'SUSPENDED', 'DELETED'));

-- What a new store begins with is made in one transaction with its tenant, by the role that makes tenants. It may put
-- rows there, of the tenant that the transaction is for, and neither see nor change nor remove any: docs/adr/0036.
GRANT INSERT ON shops, locations, delivery_profiles, delivery_zones, delivery_zone_countries, delivery_rates, staff_members
    TO emporia_platform;
