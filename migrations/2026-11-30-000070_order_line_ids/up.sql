-- Before the first release: no table has rows to scan.
-- squawk-ignore-file require-concurrent-index-creation

SET LOCAL lock_timeout = '5s';

-- A line's global id says nothing of its order, and leads to one line.
CREATE UNIQUE INDEX order_lines_id ON order_lines (tenant_id, id);
