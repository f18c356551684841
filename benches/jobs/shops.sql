-- A hundred shops with those of benches/load/seed.sql. Run by a superuser.
INSERT INTO platform.tenants (id, handle, name, currency, created_at, updated_at)
SELECT gen_random_uuid(), 'jobs-' || n, 'Jobs ' || n, 'EUR', now(), now()
  FROM generate_series(1, 100 - (SELECT count(*) FROM platform.tenants)) n;
