SET LOCAL lock_timeout = '5s';

-- How much of the API the tenant may use: points of cost that are restored each second. NULL: as much as it likes.
ALTER TABLE platform.tenants
    ADD COLUMN api_points_per_second integer
    CONSTRAINT tenants_api_points_per_second_check CHECK (api_points_per_second BETWEEN 1 AND 1000000);
