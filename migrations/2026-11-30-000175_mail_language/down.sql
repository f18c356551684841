SET LOCAL lock_timeout = '5s';

ALTER TABLE shops DROP COLUMN mail_language;
