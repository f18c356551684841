SET LOCAL lock_timeout = '5s';

-- When another key took its place: it is replaced once.
ALTER TABLE platform.api_keys ADD COLUMN rotated_at timestamptz;
