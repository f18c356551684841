-- Before the first release: no table has rows to scan.
-- squawk-ignore-file require-concurrent-index-creation
SET LOCAL lock_timeout = '5s';

-- The issuer through which a member signs in; NULL: by password, here.
ALTER TABLE staff_members ADD COLUMN provider text CHECK (char_length(provider) BETWEEN 1 AND 255);

-- An address names one of those who sign in here. What a provider says of its own people must not keep one of ours out,
-- nor be taken for one of ours. What lifts a bound from rows that nobody has written yet takes no client by surprise.
-- squawk-ignore ban-drop-constraint
ALTER TABLE staff_members DROP CONSTRAINT staff_members_email;
CREATE UNIQUE INDEX staff_members_email ON staff_members (tenant_id, email) WHERE provider IS NULL;

-- Which user of which provider a member is, and whether still: the row stays when the member is gone, and keeps out who
-- has a token that is good for a while longer. So it has no foreign key.
CREATE TABLE staff_identities (
    tenant_id uuid NOT NULL,
    -- Made of tenant, issuer and subject, so that a token leads here as well as an event.
    staff_id uuid NOT NULL,
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 255),
    subject text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    -- The provider's name of the membership: one that has ended does not begin again.
    membership_id text NOT NULL CHECK (char_length(membership_id) BETWEEN 1 AND 255),
    -- When, by the provider's clock, what is known here came true.
    changed_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, staff_id)
);
CALL platform.isolate('staff_identities', 'SELECT, INSERT, UPDATE');
