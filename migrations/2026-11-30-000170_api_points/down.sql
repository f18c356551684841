SET LOCAL lock_timeout = '5s';

ALTER TABLE platform.tenants DROP COLUMN api_points_per_second;
