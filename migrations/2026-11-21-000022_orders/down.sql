DROP TABLE fulfillment_lines, fulfillments, order_status_history, order_lines, orders, order_counters;
