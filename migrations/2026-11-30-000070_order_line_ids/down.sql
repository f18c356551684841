DROP INDEX order_lines_id;
