ALTER TABLE platform.api_keys
    DROP CONSTRAINT api_keys_secret_keys_are_limited,
    DROP COLUMN last_used_at,
    DROP COLUMN expires_at,
    DROP COLUMN permissions;
