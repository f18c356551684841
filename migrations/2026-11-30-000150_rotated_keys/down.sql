SET LOCAL lock_timeout = '5s';

ALTER TABLE platform.api_keys DROP COLUMN rotated_at;
