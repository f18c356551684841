REVOKE DELETE ON staff_members FROM emporia_app;
