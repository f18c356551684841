SET LOCAL lock_timeout = '5s';

-- Where the shop delivers and for how much: profiles hold zones, zones hold countries and flat rates.
CREATE TABLE delivery_profiles (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CALL platform.isolate('delivery_profiles', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE delivery_zones (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    profile_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    position integer NOT NULL CHECK (position BETWEEN 1 AND 250),
    -- Also serves every country that no zone of the profile names.
    rest_of_world boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id),
    -- For delivery_zone_countries, so that a country's zone is one of its own profile's.
    UNIQUE (tenant_id, profile_id, id),
    FOREIGN KEY (tenant_id, profile_id) REFERENCES delivery_profiles (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX delivery_zones_one_rest_of_world ON delivery_zones (tenant_id, profile_id) WHERE rest_of_world;
CALL platform.isolate('delivery_zones', 'SELECT, INSERT, UPDATE, DELETE');

-- A country belongs to at most one zone of a profile: the key says so.
CREATE TABLE delivery_zone_countries (
    tenant_id uuid NOT NULL,
    profile_id uuid NOT NULL,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    zone_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, profile_id, country),
    FOREIGN KEY (tenant_id, profile_id, zone_id) REFERENCES delivery_zones (tenant_id, profile_id, id) ON DELETE CASCADE
);
CREATE INDEX delivery_zone_countries_zone ON delivery_zone_countries (tenant_id, zone_id, country);
CALL platform.isolate('delivery_zone_countries', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE delivery_rates (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    zone_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    position integer NOT NULL CHECK (position BETWEEN 1 AND 250),
    -- The flat price of a delivery, whatever is in it; minor units of the shop's currency.
    price_minor bigint NOT NULL CHECK (price_minor BETWEEN 0 AND 1000000000000),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, zone_id) REFERENCES delivery_zones (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX delivery_rates_zone ON delivery_rates (tenant_id, zone_id, position);
CALL platform.isolate('delivery_rates', 'SELECT, INSERT, UPDATE, DELETE');
