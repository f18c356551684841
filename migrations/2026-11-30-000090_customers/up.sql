SET LOCAL lock_timeout = '5s';

-- Shoppers with an account, and whom the merchant has entered. A sign-up becomes one when its e-mail address is proved.
CREATE TABLE customers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    -- As it was given; mail goes there.
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 320),
    -- The same with A to Z in lower case, by which addresses are compared.
    email_key text NOT NULL CHECK (char_length(email_key) BETWEEN 3 AND 320),
    -- argon2id as a PHC string. NULL: nobody has chosen a password, so nobody signs in.
    password_hash text CHECK (char_length(password_hash) <= 255),
    -- When somebody last proved that mail to this address reaches them; NULL: nobody has.
    verified_at timestamptz,
    first_name text CHECK (char_length(first_name) <= 255),
    last_name text CHECK (char_length(last_name) <= 255),
    -- Last name, first name, in lower case: what a list by name is sorted by. The address where there is no name.
    sort_name text NOT NULL CHECK (char_length(sort_name) <= 1024),
    phone text CHECK (char_length(phone) <= 64),
    accepts_marketing boolean NOT NULL DEFAULT false,
    tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 250),
    note text CHECK (char_length(note) <= 5000),
    -- A plain reference: the address may go.
    default_address_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT customers_email_taken UNIQUE (tenant_id, email_key)
);
CREATE INDEX customers_created ON customers (tenant_id, created_at, id);
CREATE INDEX customers_updated ON customers (tenant_id, updated_at, id);
CREATE INDEX customers_name ON customers (tenant_id, sort_name, id);
CALL platform.isolate('customers', 'SELECT, INSERT, UPDATE');

-- A customer's address book.
CREATE TABLE customer_addresses (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    id uuid NOT NULL,
    first_name text CHECK (char_length(first_name) <= 255),
    last_name text CHECK (char_length(last_name) <= 255),
    company text CHECK (char_length(company) <= 255),
    address1 text CHECK (char_length(address1) <= 255),
    address2 text CHECK (char_length(address2) <= 255),
    city text CHECK (char_length(city) <= 255),
    zip text CHECK (char_length(zip) <= 255),
    province_code text CHECK (char_length(province_code) <= 255),
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    phone text CHECK (char_length(phone) <= 255),
    PRIMARY KEY (tenant_id, customer_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CALL platform.isolate('customer_addresses', 'SELECT, INSERT, UPDATE, DELETE');

-- What signing in gives. 256 random bits need no slow hash: SHA-256.
CREATE TABLE customer_access_tokens (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT customer_access_tokens_taken UNIQUE (tenant_id, token_hash),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CREATE INDEX customer_access_tokens_customer ON customer_access_tokens (tenant_id, customer_id, id);
CREATE INDEX customer_access_tokens_expired ON customer_access_tokens (tenant_id, expires_at);
CALL platform.isolate('customer_access_tokens', 'SELECT, INSERT, UPDATE, DELETE');

-- Who wants an account and has not yet shown that the address is theirs. The last sign-up of an address counts.
CREATE TABLE customer_signups (
    tenant_id uuid NOT NULL,
    email_key text NOT NULL CHECK (char_length(email_key) BETWEEN 3 AND 320),
    -- The id that the customer will have.
    id uuid NOT NULL,
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 320),
    -- SHA-256 of the token in the mail.
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    first_name text CHECK (char_length(first_name) <= 255),
    last_name text CHECK (char_length(last_name) <= 255),
    phone text CHECK (char_length(phone) <= 64),
    accepts_marketing boolean NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, email_key),
    CONSTRAINT customer_signups_id_taken UNIQUE (tenant_id, id)
);
CREATE INDEX customer_signups_expired ON customer_signups (tenant_id, expires_at);
CALL platform.isolate('customer_signups', 'SELECT, INSERT, UPDATE, DELETE');

-- What was mailed to a customer and waits to come back: the last of each kind counts.
CREATE TABLE customer_letters (
    tenant_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    -- RESET: a new password. EMAIL: another address.
    kind text NOT NULL CHECK (kind IN ('RESET', 'EMAIL')),
    -- SHA-256 of the token in the mail.
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    -- Where it was sent: who has the token has shown that this address is theirs, and no other.
    email text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 320),
    email_key text NOT NULL CHECK (char_length(email_key) BETWEEN 3 AND 320),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, customer_id, kind),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CREATE INDEX customer_letters_expired ON customer_letters (tenant_id, expires_at);
CALL platform.isolate('customer_letters', 'SELECT, INSERT, UPDATE, DELETE');
