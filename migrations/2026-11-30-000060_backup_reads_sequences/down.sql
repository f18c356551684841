REVOKE SELECT ON ALL SEQUENCES IN SCHEMA public, platform FROM emporia_backup;
