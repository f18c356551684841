REVOKE DELETE ON customers FROM emporia_app;
