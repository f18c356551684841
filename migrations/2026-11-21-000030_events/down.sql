DROP TABLE event_positions, events;
