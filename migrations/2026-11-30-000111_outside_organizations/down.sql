DROP TABLE platform.identity_events;
DROP TABLE platform.identity_memberships;
DROP TABLE platform.identity_organizations;
