DROP TABLE cart_addresses, cart_lines, carts;
