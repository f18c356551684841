SET LOCAL lock_timeout = '5s';

-- The name that stands before the sender's address in what the shop mails; NULL: the shop's name.
ALTER TABLE shops ADD COLUMN mail_sender text CHECK (char_length(mail_sender) BETWEEN 1 AND 255);
