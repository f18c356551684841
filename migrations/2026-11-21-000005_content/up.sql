SET LOCAL lock_timeout = '5s';

CREATE TABLE pages (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    handle text NOT NULL CHECK (char_length(handle) BETWEEN 1 AND 255),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    body_html text NOT NULL DEFAULT '' CHECK (char_length(body_html) <= 524288),
    seo_title text CHECK (char_length(seo_title) <= 255),
    seo_description text CHECK (char_length(seo_description) <= 5000),
    published_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT pages_handle_taken UNIQUE (tenant_id, handle)
);
CREATE INDEX pages_title ON pages (tenant_id, title, id);
CREATE INDEX pages_updated ON pages (tenant_id, updated_at, id);
CALL platform.isolate('pages', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE menus (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    handle text NOT NULL CHECK (char_length(handle) BETWEEN 1 AND 255),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT menus_handle_taken UNIQUE (tenant_id, handle)
);
CALL platform.isolate('menus', 'SELECT, INSERT, UPDATE, DELETE');

CREATE TABLE menu_items (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    menu_id uuid NOT NULL,
    parent_id uuid,
    position integer NOT NULL CHECK (position > 0),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 255),
    kind text NOT NULL CHECK (kind IN ('FRONTPAGE', 'CATALOG', 'COLLECTION', 'COLLECTIONS', 'PRODUCT', 'PAGE', 'SEARCH', 'HTTP')),
    -- For HTTP items; the others' URLs follow from their kind and resource.
    url text CHECK (char_length(url) <= 2048),
    -- A plain reference to the collection, product or page: it may be deleted while the item stays.
    resource_id uuid,
    tags text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, menu_id) REFERENCES menus (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, parent_id) REFERENCES menu_items (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX menu_items_menu ON menu_items (tenant_id, menu_id, position);
CREATE INDEX menu_items_parent ON menu_items (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
CALL platform.isolate('menu_items', 'SELECT, INSERT, UPDATE, DELETE');
