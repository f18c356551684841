-- 10 tenants x 1,000 products x 3 variants, interleaved on disk: row n of every tenant lies beside row n of the
-- others, as it would after months of everybody writing. Run by a superuser: row-level security would be in the way.
-- Ids are made from decimal numbers, so that the load scripts can name them.
CREATE FUNCTION pg_temp.u(kind int, tenant int, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(kind::text, 8, '0') || '-' || lpad(tenant::text, 4, '0') || '-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;

INSERT INTO platform.tenants (id, handle, name, currency, created_at, updated_at)
SELECT pg_temp.u(1, t, 0), 'bench-' || t, 'Bench ' || t, 'EUR', now(), now() FROM generate_series(1, 10) t;
INSERT INTO subscriptions (tenant_id, status, plan_id, plan_handle, plan_name, plan_version, plan_terms, terms, period_start,
                           created_at, updated_at)
SELECT t.id, 'ACTIVE', p.id, p.handle, p.name, p.version, p.terms, p.terms, now(), now(), now()
  FROM platform.tenants t, platform.plans p WHERE p.handle = 'pro';
INSERT INTO shops (tenant_id, name, country, created_at, updated_at)
SELECT pg_temp.u(1, t, 0), 'Bench ' || t, 'DE', now(), now() FROM generate_series(1, 10) t;
INSERT INTO locations (tenant_id, id, name, country, is_default, created_at, updated_at)
SELECT pg_temp.u(1, t, 0), pg_temp.u(2, t, 0), 'Main location', 'DE', true, now(), now() FROM generate_series(1, 10) t;

INSERT INTO products (tenant_id, id, handle, title, description_html, description, vendor, product_type, tags, status,
                      published_at, created_at, updated_at)
SELECT pg_temp.u(1, t, 0), pg_temp.u(3, t, n), 'product-' || n, 'Product number ' || n,
       '<p>' || repeat('A plain sentence about the product. ', 8) || '</p>', repeat('A plain sentence about the product. ', 8),
       'Vendor ' || n % 20, 'Type ' || n % 12, ARRAY['tag-' || n % 30, 'tag-' || n % 7], 'ACTIVE', now(), now(), now()
  FROM generate_series(1, 1000) n, generate_series(1, 10) t ORDER BY n, t;
INSERT INTO product_options (tenant_id, id, product_id, position, name)
SELECT pg_temp.u(1, t, 0), pg_temp.u(4, t, n), pg_temp.u(3, t, n), 1, 'Size'
  FROM generate_series(1, 1000) n, generate_series(1, 10) t ORDER BY n, t;
INSERT INTO product_option_values (tenant_id, id, product_id, option_id, position, name)
SELECT pg_temp.u(1, t, 0), pg_temp.u(5, t, n * 3 + v), pg_temp.u(3, t, n), pg_temp.u(4, t, n), v + 1, (ARRAY['S', 'M', 'L'])[v + 1]
  FROM generate_series(1, 1000) n, generate_series(0, 2) v, generate_series(1, 10) t ORDER BY n, v, t;
INSERT INTO product_variants (tenant_id, id, product_id, position, title, option1, sku, price_minor, created_at, updated_at)
SELECT pg_temp.u(1, t, 0), pg_temp.u(6, t, n * 3 + v), pg_temp.u(3, t, n), v + 1, (ARRAY['S', 'M', 'L'])[v + 1],
       (ARRAY['S', 'M', 'L'])[v + 1], 'SKU-' || n || '-' || v, 1000 + n, now(), now()
  FROM generate_series(1, 1000) n, generate_series(0, 2) v, generate_series(1, 10) t ORDER BY n, v, t;
INSERT INTO inventory_levels (tenant_id, variant_id, location_id, available, updated_at)
SELECT pg_temp.u(1, t, 0), pg_temp.u(6, t, n * 3 + v), pg_temp.u(2, t, 0), 1000000, now()
  FROM generate_series(1, 1000) n, generate_series(0, 2) v, generate_series(1, 10) t ORDER BY n, v, t;
INSERT INTO collections (tenant_id, id, handle, title, published_at, created_at, updated_at)
SELECT pg_temp.u(1, t, 0), pg_temp.u(7, t, c), 'collection-' || c, 'Collection ' || c, now(), now(), now()
  FROM generate_series(1, 20) c, generate_series(1, 10) t ORDER BY c, t;
INSERT INTO collection_products (tenant_id, collection_id, product_id, position)
SELECT pg_temp.u(1, t, 0), pg_temp.u(7, t, 1 + (n + k * 7) % 20), pg_temp.u(3, t, n), n
  FROM generate_series(1, 1000) n, generate_series(0, 1) k, generate_series(1, 10) t ORDER BY n, k, t;

-- One flat rate for Germany each, and the counters that provisioning or the first order would make.
INSERT INTO delivery_profiles (tenant_id, id, name, created_at, updated_at)
SELECT pg_temp.u(1, t, 0), pg_temp.u(8, t, 0), 'General', now(), now() FROM generate_series(1, 10) t;
INSERT INTO delivery_zones (tenant_id, id, profile_id, name, position)
SELECT pg_temp.u(1, t, 0), pg_temp.u(9, t, 0), pg_temp.u(8, t, 0), 'Germany', 1 FROM generate_series(1, 10) t;
INSERT INTO delivery_zone_countries (tenant_id, profile_id, country, zone_id)
SELECT pg_temp.u(1, t, 0), pg_temp.u(8, t, 0), 'DE', pg_temp.u(9, t, 0) FROM generate_series(1, 10) t;
INSERT INTO delivery_rates (tenant_id, id, zone_id, name, position, price_minor)
SELECT pg_temp.u(1, t, 0), pg_temp.u(10, t, 0), pg_temp.u(9, t, 0), 'Standard', 1, 490 FROM generate_series(1, 10) t;
INSERT INTO order_counters (tenant_id, last_number)
SELECT pg_temp.u(1, t, 0), 1000 FROM generate_series(1, 10) t ON CONFLICT DO NOTHING;
