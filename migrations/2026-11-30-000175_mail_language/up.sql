SET LOCAL lock_timeout = '5s';

-- In which language the shop mails its staff and its customers.
ALTER TABLE shops ADD COLUMN mail_language text NOT NULL DEFAULT 'EN' CHECK (mail_language IN ('EN', 'DE', 'FR'));
