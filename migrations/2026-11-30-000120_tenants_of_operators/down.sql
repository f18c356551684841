REVOKE INSERT ON shops, locations, delivery_profiles, delivery_zones, delivery_zone_countries, delivery_rates,
    staff_members FROM emporia_platform;
-- The older version refuses what is suspended, and knows nothing of what is deleted.
UPDATE platform.tenants SET status = 'SUSPENDED' WHERE status = 'DELETED';
ALTER TABLE platform.tenants
    DROP CONSTRAINT tenants_status_check,
    ADD CONSTRAINT tenants_status_check CHECK (status IN ('ACTIVE', 'SUSPENDED'));
ALTER TABLE platform.tenants DROP COLUMN external_id, DROP COLUMN deleted_at;
