//! The boundary in the database, read out of pg_catalog: every table is a tenant table that keeps every rule, or
//! stands in the written list of platform tables. The second half breaks each rule once and sees it reported.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::support::{TestDb, admin};

/// Tables without row-level security, and who may do what there beside their owner.
const PLATFORM: [(&str, &[(&str, &str)]); 13] = [
    ("platform.tenants", KNOWN_BY_THE_PLATFORM),
    ("platform.api_keys", KNOWN_BY_THE_PLATFORM),
    ("platform.operator_tokens", KNOWN_BY_THE_PLATFORM),
    ("platform.plans", KNOWN_BY_THE_PLATFORM),
    ("platform.plan_prices", &[("emporia_platform", "SELECT INSERT DELETE"), ("emporia_backup", "SELECT")]),
    (
        "platform.signing_keys",
        // Those that count no longer are deleted. A backup holds what signs: docs/adr/0033.
        &[("emporia_platform", "SELECT INSERT UPDATE DELETE"), ("emporia_backup", "SELECT")],
    ),
    ("platform.domains", &[("emporia_platform", "SELECT INSERT UPDATE DELETE"), ("emporia_backup", "SELECT")]),
    ("platform.identity_organizations", KNOWN_BY_THE_PLATFORM),
    // Who waits for an organization that is not there yet, and which events were dealt with: both are swept.
    (
        "platform.identity_memberships",
        &[("emporia_platform", "SELECT INSERT UPDATE DELETE"), ("emporia_backup", "SELECT")],
    ),
    ("platform.identity_events", &[("emporia_platform", "SELECT INSERT DELETE"), ("emporia_backup", "SELECT")]),
    // Who they are stays as it was noted, and when they were no more; what they have told is swept.
    ("platform.stripe_customers", KNOWN_BY_THE_PLATFORM),
    ("platform.stripe_events", &[("emporia_platform", "SELECT INSERT DELETE"), ("emporia_backup", "SELECT")]),
    (
        "platform.outbox_ready",
        &[("emporia_platform", "SELECT INSERT UPDATE DELETE"), ("emporia_app", "INSERT"), ("emporia_backup", "SELECT")],
    ),
];
const KNOWN_BY_THE_PLATFORM: &[(&str, &str)] =
    &[("emporia_platform", "SELECT INSERT UPDATE"), ("emporia_backup", "SELECT")];

/// What a new store begins with, where the role that makes tenants may put rows, and do nothing else: docs/adr/0036.
pub const FOUNDED: [&str; 9] = [
    "public.delivery_profiles",
    "public.delivery_rates",
    "public.delivery_zone_countries",
    "public.delivery_zones",
    "public.jobs",
    "public.locations",
    "public.shops",
    "public.staff_members",
    "public.subscriptions",
];

/// diesel's own bookkeeping: the owner writes it, and a starting process looks whether migrations are pending.
const BOOKKEEPING: &str = "public.__diesel_schema_migrations";

const POLICY: &str = "(tenant_id = (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)";

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = diesel::sql_types::Text)]
    finding: String,
}

/// Every breach of a rule, as a sentence.
async fn findings(conn: &mut AsyncPgConnection) -> Vec<String> {
    let platform: Vec<String> = PLATFORM.iter().map(|(name, _)| format!("'{name}'")).collect();
    let allowed = PLATFORM.iter().flat_map(|(name, grants)| {
        grants.iter().flat_map(move |(grantee, privileges)| {
            privileges.split(' ').map(move |privilege| format!("('{name}', '{grantee}', '{privilege}')"))
        })
    });
    let allowed: Vec<String> = allowed.collect();
    let founded = FOUNDED.map(|name| format!("'{name}'"));
    let sql = RULES
        .replace("{founded}", &founded.join(", "))
        .replace("{platform}", &platform.join(", "))
        .replace("{platform_grants}", &allowed.join(", "))
        .replace("{bookkeeping}", BOOKKEEPING)
        .replace("{policy}", &POLICY.replace('\'', "''"));
    let rows: Vec<Finding> = diesel::sql_query(sql).load(conn).await.expect("pg_catalog");
    rows.into_iter().map(|row| row.finding).collect()
}

/// One SELECT a rule; each yields a sentence for each breach.
const RULES: &str = r#"
WITH tables AS (
    SELECT c.oid, n.nspname || '.' || c.relname AS name, c.relname, c.relkind, n.nspname, c.relowner,
           c.relrowsecurity, c.relforcerowsecurity,
           EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
                      AND a.attnotnull AND a.atttypid = 'uuid'::regtype) AS has_tenant
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
), tenant AS (
    SELECT * FROM tables
     WHERE nspname = 'public' AND relkind IN ('r', 'p') AND has_tenant AND name <> '{bookkeeping}'
), roles AS (
    SELECT oid, rolname, rolname::text AS name FROM pg_roles
     WHERE rolname IN ('emporia_owner', 'emporia_app', 'emporia_platform', 'emporia_backup')
), ours AS (
    SELECT oid, nspname FROM pg_namespace
     WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\_t%'
), functions AS (
    SELECT p.* FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
     WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
), grants AS (
    SELECT t.name, t.oid, g.grantee::regrole::text AS grantee, g.privilege_type AS privilege, g.grantee AS grantee_oid,
           g.is_grantable
      FROM tables t JOIN pg_class c ON c.oid = t.oid,
           aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
     WHERE g.grantee <> c.relowner
)
SELECT name || ' is neither a tenant table nor a listed platform table' AS finding FROM tables
 WHERE name NOT IN ({platform}) AND name <> '{bookkeeping}' AND oid NOT IN (SELECT oid FROM tenant)
UNION ALL
SELECT name || ' has no row-level security' FROM tenant WHERE NOT relrowsecurity
UNION ALL
SELECT name || ' does not force row-level security on its owner' FROM tenant WHERE NOT relforcerowsecurity
UNION ALL
SELECT t.name || ' needs exactly the one policy, with USING and WITH CHECK' FROM tenant t
 WHERE (SELECT count(*) FROM pg_policy p WHERE p.polrelid = t.oid) <> 1
    OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polcmd = '*' AND p.polpermissive
                      AND p.polroles = '{0}' AND pg_get_expr(p.polqual, t.oid) = '{policy}'
                      AND pg_get_expr(p.polwithcheck, t.oid) = '{policy}')
UNION ALL
SELECT t.name || ': index ' || i.indexrelid::regclass || ' does not start with tenant_id'
  FROM tenant t JOIN pg_index i ON i.indrelid = t.oid
  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
 WHERE a.attname IS DISTINCT FROM 'tenant_id'
UNION ALL
SELECT t.name || ' has no primary key' FROM tenant t
 WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)
UNION ALL
SELECT t.name || ': foreign key ' || k.conname || ' does not start with tenant_id on both sides'
  FROM tenant t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
  JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
 WHERE (a.attname, b.attname) <> ('tenant_id', 'tenant_id')
   AND k.confrelid <> 'platform.tenants'::regclass
UNION ALL
SELECT name || ': ' || grantee || ' may ' || privilege FROM grants JOIN tenant USING (oid, name)
 WHERE NOT (grantee = 'emporia_app' AND privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') AND NOT is_grantable)
   AND NOT (grantee = 'emporia_backup' AND privilege = 'SELECT' AND NOT is_grantable)
   AND NOT (grantee = 'emporia_platform' AND privilege = 'INSERT' AND NOT is_grantable AND name IN ({founded}))
UNION ALL
SELECT name || ': ' || grantee || ' may ' || privilege || CASE WHEN is_grantable THEN ' and pass it on' ELSE '' END
  FROM grants
 WHERE name IN ({platform})
   AND (is_grantable OR (name, grantee, privilege) NOT IN (VALUES {platform_grants}))
UNION ALL
SELECT name || ' belongs to ' || relowner::regrole FROM tables WHERE relowner <> 'emporia_owner'::regrole
UNION ALL
SELECT 'rule ' || r.rulename || ' on ' || r.ev_class::regclass FROM pg_rewrite r
  JOIN tables t ON t.oid = r.ev_class WHERE r.rulename <> '_RETURN'
UNION ALL
SELECT name || ': ' || grantee || ' may ' || privilege FROM grants
 WHERE name = '{bookkeeping}' AND (grantee, privilege)
       NOT IN (('emporia_platform', 'SELECT'), ('emporia_backup', 'SELECT'))
UNION ALL
SELECT t.name || ': a column is granted by itself to ' || g.grantee::regrole
  FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid, aclexplode(a.attacl) g
UNION ALL
SELECT 'sequence ' || c.oid::regclass || ' may be used by emporia_app' FROM pg_class c
 WHERE CASE c.relkind WHEN 'S' THEN has_sequence_privilege('emporia_app', c.oid, 'USAGE, SELECT, UPDATE') END
UNION ALL
-- pg_dump copies everything or nothing.
SELECT name || ' cannot be read by emporia_backup' FROM tables
 WHERE relkind IN ('r', 'p') AND NOT has_table_privilege('emporia_backup', oid, 'SELECT')
UNION ALL
SELECT 'sequence ' || c.oid::regclass || ' cannot be read by emporia_backup'
  FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
 WHERE CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege('emporia_backup', c.oid, 'SELECT') END
UNION ALL
SELECT 'function ' || oid::regprocedure || ' runs with its owner''s rights' FROM pg_proc WHERE prosecdef
UNION ALL
SELECT 'function ' || oid::regprocedure || ' may be called by emporia_app' FROM functions
 WHERE has_function_privilege('emporia_app', oid, 'EXECUTE')
UNION ALL
SELECT 'trigger ' || g.tgname || ' on ' || g.tgrelid::regclass FROM pg_trigger g WHERE NOT g.tgisinternal
UNION ALL
SELECT 'role ' || rolname || ' has more than it needs' FROM pg_roles JOIN roles USING (oid, rolname)
 WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication
    OR rolbypassrls AND rolname <> 'emporia_backup'
UNION ALL
-- A superuser may be anything anyway: the one who made the roles is a member of the owner.
SELECT m.member::regrole || ' is a member of ' || m.roleid::regrole FROM pg_auth_members m
  JOIN pg_roles r ON r.oid = m.member
 WHERE (m.member IN (SELECT oid FROM roles) OR m.roleid IN (SELECT oid FROM roles)) AND NOT r.rolsuper
UNION ALL
SELECT coalesce(roles.name, 'everybody') || ' begins with ' || array_to_string(s.setconfig, ', ')
  FROM pg_db_role_setting s LEFT JOIN roles ON roles.oid = s.setrole
 WHERE roles.oid IS NOT NULL
    OR s.setrole = 0 AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL
SELECT roles.name || ' may create objects in ' || nspname FROM ours, roles
 WHERE roles.name <> 'emporia_owner' AND has_schema_privilege(roles.oid, ours.oid, 'CREATE')
UNION ALL
SELECT roles.name || ' may create schemas' FROM roles
 WHERE roles.name <> 'emporia_owner' AND has_database_privilege(roles.oid, current_database(), 'CREATE')
UNION ALL
SELECT 'new objects of ' || d.defaclrole::regrole || ' come with grants' FROM pg_default_acl d
"#;

#[tokio::test]
async fn every_table_keeps_every_rule_of_the_boundary() {
    let test = TestDb::create().await;
    let mut conn = admin(&test.name).await;
    assert_eq!(findings(&mut conn).await, Vec::<String>::new());
}

/// A table as it should be, to be spoilt.
const GOOD: &str = "SET LOCAL ROLE emporia_owner; \
    CREATE TABLE things (tenant_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id)); \
    CALL platform.isolate('things', 'SELECT'); RESET ROLE;";

#[tokio::test]
async fn each_breach_is_reported() {
    let test = TestDb::create().await;
    let create_in_database = format!("GRANT CREATE ON DATABASE {} TO emporia_platform;", test.name);
    let set_in_database = format!("ALTER DATABASE {} SET row_security = off;", test.name);
    let breaches = [
        ("CREATE TABLE loose (id int PRIMARY KEY);", "public.loose is neither a tenant table"),
        ("CREATE VIEW leak AS SELECT * FROM products;", "public.leak is neither a tenant table"),
        ("ALTER TABLE things DISABLE ROW LEVEL SECURITY;", "public.things has no row-level security"),
        ("ALTER TABLE things NO FORCE ROW LEVEL SECURITY;", "does not force"),
        ("DROP POLICY tenant ON things;", "exactly the one policy"),
        ("CREATE POLICY open ON things USING (true);", "exactly the one policy"),
        ("ALTER POLICY tenant ON things WITH CHECK (true);", "exactly the one policy"),
        ("ALTER POLICY tenant ON things TO emporia_app;", "exactly the one policy"),
        ("CREATE INDEX things_id ON things (id);", "index things_id does not start with tenant_id"),
        ("ALTER TABLE things ADD UNIQUE (id);", "does not start with tenant_id"),
        ("CREATE UNIQUE INDEX x ON things ((id::text));", "does not start with tenant_id"),
        ("ALTER TABLE things DROP CONSTRAINT things_pkey;", "has no primary key"),
        (
            "ALTER TABLE things ADD UNIQUE (tenant_id, id); ALTER TABLE pages ADD UNIQUE (id); \
             ALTER TABLE things ADD CONSTRAINT crossing FOREIGN KEY (id) REFERENCES pages (id);",
            "foreign key crossing does not start",
        ),
        ("GRANT TRUNCATE ON things TO emporia_app;", "emporia_app may TRUNCATE"),
        ("GRANT SELECT ON things TO emporia_platform;", "emporia_platform may SELECT"),
        ("GRANT INSERT ON things TO emporia_platform;", "public.things: emporia_platform may INSERT"),
        ("GRANT SELECT ON shops TO emporia_platform;", "public.shops: emporia_platform may SELECT"),
        ("GRANT INSERT ON shops TO emporia_platform WITH GRANT OPTION;", "public.shops: emporia_platform may INSERT"),
        ("GRANT SELECT ON things TO PUBLIC;", "may SELECT"),
        ("GRANT SELECT (id) ON things TO emporia_platform;", "a column is granted by itself"),
        ("GRANT SELECT ON platform.tenants TO emporia_app;", "platform.tenants: emporia_app may SELECT"),
        ("GRANT DELETE ON platform.outbox_ready TO emporia_app;", "platform.outbox_ready: emporia_app may DELETE"),
        ("GRANT UPDATE ON platform.api_keys TO emporia_backup;", "platform.api_keys: emporia_backup may UPDATE"),
        ("CREATE ROLE stranger; GRANT ALL ON platform.tenants TO stranger;", "platform.tenants: stranger may SELECT"),
        ("GRANT SELECT ON platform.tenants TO PUBLIC;", "platform.tenants: - may SELECT"),
        (
            "GRANT INSERT ON platform.outbox_ready TO emporia_app WITH GRANT OPTION;",
            "emporia_app may INSERT and pass it on",
        ),
        ("ALTER TABLE things OWNER TO emporia_app;", "public.things belongs to emporia_app"),
        ("ALTER TABLE products OWNER TO emporia_platform;", "public.products belongs to emporia_platform"),
        // It would tell how much the others are doing.
        ("GRANT SELECT ON SEQUENCE events_sequence_seq TO emporia_app;", "sequence events_sequence_seq may be used"),
        ("REVOKE SELECT ON things FROM emporia_backup;", "public.things cannot be read by emporia_backup"),
        (
            "ALTER TABLE things ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;",
            "sequence things_n_seq cannot be read by emporia_backup",
        ),
        (
            "CREATE FUNCTION peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; \
             REVOKE ALL ON FUNCTION peek() FROM PUBLIC;",
            "runs with its owner's rights",
        ),
        (
            "CREATE SCHEMA third; CREATE FUNCTION third.peek() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; \
             REVOKE ALL ON FUNCTION third.peek() FROM PUBLIC;",
            "function third.peek() runs with its owner's rights",
        ),
        (
            "CREATE SCHEMA third; CREATE FUNCTION third.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
             GRANT USAGE ON SCHEMA third TO emporia_app;",
            "function third.f() may be called by emporia_app",
        ),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "may be called by emporia_app"),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();",
            "trigger t on things",
        ),
        ("CREATE RULE r AS ON INSERT TO things DO ALSO NOTHING;", "rule r on things"),
        ("CREATE RULE r AS ON DELETE TO platform.tenants DO INSTEAD NOTHING;", "rule r on platform.tenants"),
        ("GRANT CREATE ON SCHEMA public TO emporia_app;", "emporia_app may create objects in public"),
        ("GRANT CREATE ON SCHEMA platform TO emporia_backup;", "emporia_backup may create objects in platform"),
        (&create_in_database, "emporia_platform may create schemas"),
        ("GRANT emporia_backup TO emporia_platform;", "emporia_platform is a member of emporia_backup"),
        ("CREATE ROLE stranger; GRANT emporia_owner TO stranger;", "stranger is a member of emporia_owner"),
        ("GRANT pg_read_all_data TO emporia_app;", "emporia_app is a member of pg_read_all_data"),
        ("ALTER ROLE emporia_app SET app.tenant_id = '';", "emporia_app begins with app.tenant_id="),
        (&set_in_database, "everybody begins with row_security=off"),
        ("ALTER ROLE emporia_backup CREATEROLE;", "role emporia_backup has more than it needs"),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE emporia_owner GRANT SELECT ON TABLES TO emporia_platform;",
            "new objects of emporia_owner come with grants",
        ),
    ];
    let mut conn = admin(&test.name).await;
    for (breach, expected) in breaches {
        conn.batch_execute(&format!("BEGIN; {GOOD}")).await.expect("the good table");
        assert_eq!(findings(&mut conn).await, Vec::<String>::new(), "before: {breach}");
        conn.batch_execute(breach).await.expect(breach);
        let found = findings(&mut conn).await;
        assert!(found.iter().any(|finding| finding.contains(expected)), "{breach} gave {found:?}");
        conn.batch_execute("ROLLBACK").await.expect("rolled back");
    }
}
