DROP PROCEDURE platform.isolate(regclass, text);
DROP TABLE platform.outbox_ready, platform.api_keys, platform.tenants;
REVOKE USAGE ON SCHEMA public FROM emporia_app, emporia_platform, emporia_backup;
GRANT USAGE ON SCHEMA public TO PUBLIC;
DROP SCHEMA platform;
