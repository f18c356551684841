DROP INDEX platform.tenants_plan;
ALTER TABLE platform.tenants
    DROP COLUMN plan_id,
    DROP COLUMN pending_plan_id,
    DROP COLUMN plan_version,
    DROP COLUMN plan_revision,
    DROP COLUMN job_weight;
REVOKE INSERT ON jobs FROM emporia_platform;
DROP TABLE subscriptions;
DROP TABLE platform.plan_prices;
DROP TABLE platform.plans;
