DROP TABLE menu_items, menus, pages;
