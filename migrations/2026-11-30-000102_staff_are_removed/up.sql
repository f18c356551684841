SET LOCAL lock_timeout = '5s';

-- Members can be removed, with their sessions and tokens. What they have done keeps their id.
GRANT DELETE ON staff_members TO emporia_app;
