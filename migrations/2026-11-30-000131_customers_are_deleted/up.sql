SET LOCAL lock_timeout = '5s';

-- Customers who have bought nothing can be deleted, with what belongs to them.
GRANT DELETE ON customers TO emporia_app;
