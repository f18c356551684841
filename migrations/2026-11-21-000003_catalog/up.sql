SET LOCAL lock_timeout = '5s';

CREATE TABLE products (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    handle text NOT NULL CHECK (char_length(handle) BETWEEN 1 AND 255),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    description_html text NOT NULL DEFAULT '' CHECK (char_length(description_html) <= 524288),
    -- The text of description_html, computed when it is written: storefronts ask for it on every list.
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 524288),
    vendor text NOT NULL DEFAULT '' CHECK (char_length(vendor) <= 255),
    product_type text NOT NULL DEFAULT '' CHECK (char_length(product_type) <= 255),
    tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 250),
    status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('ACTIVE', 'DRAFT', 'ARCHIVED')),
    seo_title text CHECK (char_length(seo_title) <= 255),
    seo_description text CHECK (char_length(seo_description) <= 5000),
    -- The lowest price of its variants, kept by whoever writes them: the list sorted by price is a keyset read.
    min_price_minor bigint NOT NULL DEFAULT 0 CHECK (min_price_minor BETWEEN 0 AND 1000000000000),
    -- Columns of an imported file that have no field here, by column name: kept, so that nothing is lost.
    import_extra jsonb NOT NULL DEFAULT '{}',
    -- Visible to shoppers from then on, while the status is ACTIVE.
    published_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT products_handle_taken UNIQUE (tenant_id, handle)
);
CREATE INDEX products_created ON products (tenant_id, created_at, id);
CREATE INDEX products_updated ON products (tenant_id, updated_at, id);
CREATE INDEX products_title ON products (tenant_id, title, id);
CREATE INDEX products_vendor ON products (tenant_id, vendor, id);
CREATE INDEX products_type ON products (tenant_id, product_type, id);
CREATE INDEX products_price ON products (tenant_id, min_price_minor, id);
CALL platform.isolate('products', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE product_options (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    position smallint NOT NULL CHECK (position BETWEEN 1 AND 3),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    PRIMARY KEY (tenant_id, id),
    -- Checked when the statement ends, so that two options can change places in one.
    UNIQUE (tenant_id, product_id, position) DEFERRABLE INITIALLY IMMEDIATE,
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CALL platform.isolate('product_options', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE product_option_values (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    option_id uuid NOT NULL,
    position smallint NOT NULL CHECK (position BETWEEN 1 AND 2048),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 255),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, option_id, name),
    FOREIGN KEY (tenant_id, option_id) REFERENCES product_options (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX product_option_values_product ON product_option_values (tenant_id, product_id);
CALL platform.isolate('product_option_values', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE product_images (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    position smallint NOT NULL CHECK (position BETWEEN 1 AND 250),
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2048),
    alt_text text CHECK (char_length(alt_text) <= 512),
    width integer CHECK (width > 0),
    height integer CHECK (height > 0),
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX product_images_product ON product_images (tenant_id, product_id, position);
CALL platform.isolate('product_images', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE product_variants (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    position smallint NOT NULL CHECK (position BETWEEN 1 AND 2048),
    -- "Small / Blue"; "Default Title" for a product without options.
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 800),
    option1 text NOT NULL CHECK (char_length(option1) BETWEEN 1 AND 255),
    option2 text CHECK (char_length(option2) BETWEEN 1 AND 255),
    option3 text CHECK (char_length(option3) BETWEEN 1 AND 255),
    sku text CHECK (char_length(sku) BETWEEN 1 AND 255),
    barcode text CHECK (char_length(barcode) BETWEEN 1 AND 255),
    -- Minor units of the shop's currency.
    price_minor bigint NOT NULL CHECK (price_minor BETWEEN 0 AND 1000000000000),
    compare_at_minor bigint CHECK (compare_at_minor BETWEEN 0 AND 1000000000000),
    -- What the merchant pays for one: never shown to a publishable key.
    cost_minor bigint CHECK (cost_minor BETWEEN 0 AND 1000000000000),
    weight_grams integer NOT NULL DEFAULT 0 CHECK (weight_grams BETWEEN 0 AND 100000000),
    weight_unit text NOT NULL DEFAULT 'KILOGRAMS' CHECK (weight_unit IN ('KILOGRAMS', 'GRAMS', 'POUNDS', 'OUNCES')),
    -- DENY: sold only while stock lasts. CONTINUE: sold on below zero.
    inventory_policy text NOT NULL DEFAULT 'DENY' CHECK (inventory_policy IN ('DENY', 'CONTINUE')),
    tracked boolean NOT NULL DEFAULT true,
    requires_shipping boolean NOT NULL DEFAULT true,
    taxable boolean NOT NULL DEFAULT true,
    image_id uuid,
    import_extra jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, image_id) REFERENCES product_images (tenant_id, id) ON DELETE SET NULL (image_id),
    -- Checked when the statement ends, so that two variants can swap their values in one.
    CONSTRAINT product_variants_options_taken UNIQUE NULLS NOT DISTINCT (tenant_id, product_id, option1, option2, option3)
        DEFERRABLE INITIALLY IMMEDIATE
);
CREATE INDEX product_variants_product ON product_variants (tenant_id, product_id, position, id);
CREATE INDEX product_variants_sku ON product_variants (tenant_id, sku) WHERE sku IS NOT NULL;
CREATE INDEX product_variants_image ON product_variants (tenant_id, image_id) WHERE image_id IS NOT NULL;
CALL platform.isolate('product_variants', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE collections (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    handle text NOT NULL CHECK (char_length(handle) BETWEEN 1 AND 255),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    description_html text NOT NULL DEFAULT '' CHECK (char_length(description_html) <= 524288),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 524288),
    image_url text CHECK (char_length(image_url) <= 2048),
    image_alt text CHECK (char_length(image_alt) <= 512),
    seo_title text CHECK (char_length(seo_title) <= 255),
    seo_description text CHECK (char_length(seo_description) <= 5000),
    published_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT collections_handle_taken UNIQUE (tenant_id, handle)
);
CREATE INDEX collections_title ON collections (tenant_id, title, id);
CREATE INDEX collections_updated ON collections (tenant_id, updated_at, id);
CALL platform.isolate('collections', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE collection_products (
    tenant_id uuid NOT NULL,
    collection_id uuid NOT NULL,
    product_id uuid NOT NULL,
    -- Place in the collection, from 1; not gapless.
    position integer NOT NULL CHECK (position > 0),
    PRIMARY KEY (tenant_id, collection_id, product_id),
    FOREIGN KEY (tenant_id, collection_id) REFERENCES collections (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX collection_products_place ON collection_products (tenant_id, collection_id, position, product_id);
CREATE INDEX collection_products_product ON collection_products (tenant_id, product_id, collection_id);
CALL platform.isolate('collection_products', 'SELECT, INSERT, UPDATE, DELETE');
