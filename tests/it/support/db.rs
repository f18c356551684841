//! A database for each test, cloned from a template that was migrated once.

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use emporia::config::{Config, Env};
use emporia::db::bootstrap::{self, Bootstrap, Note};
use emporia::db::migrate;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// What scripts/test says of a server: the admin's URL of the test cluster without a database
/// (`postgres://postgres@127.0.0.1:5432`), of Redis, the folder of their certificates.
pub fn server(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test, which starts the servers"))
}

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

async fn template() -> &'static str {
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("template_{}", Uuid::now_v7().simple());
            let admin = format!("{}/postgres", server("TEST_POSTGRES_URL"));
            let wanted = Bootstrap { database: &name, passwords: [None; 4] };
            let notes = bootstrap::run(&admin, &wanted).await.expect("roles and template");
            assert!(!notes.iter().any(|note| matches!(note, Note::LeftOver(_))), "{notes:?}");
            migrated(url_as("emporia_owner", &name));
            name
        })
        .await
}

/// Makes the tables, as the owner whose URL this is.
pub fn migrated(owner: String) {
    // Migrating blocks its thread, which a test's own runtime would not allow.
    let migrating = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a runtime").block_on(migrate::run(&owner)).expect("migrations")
    });
    migrating.join().expect("migrating");
}

fn url_as(role: &str, database: &str) -> String {
    let server = server("TEST_POSTGRES_URL");
    let host = server.rsplit('@').next().expect("a host");
    format!("postgres://{role}@{host}/{database}")
}

/// A connection as the cluster's superuser, for looking at what the roles under test may not see.
pub async fn admin(database: &str) -> AsyncPgConnection {
    AsyncPgConnection::establish(&format!("{}/{database}", server("TEST_POSTGRES_URL"))).await.expect("the admin")
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    n: i64,
}

/// How many sessions of a database are such that `condition` holds.
pub async fn sessions(database: &str, condition: &str) -> i64 {
    let sql = format!(
        "SELECT count(*) AS n FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
    );
    diesel::sql_query(sql).get_result::<Count>(&mut admin(database).await).await.expect("the sessions").n
}

/// One test's database.
pub struct TestDb {
    pub name: String,
}

impl TestDb {
    pub async fn create() -> Self {
        let template = template().await;
        let name = format!("test_{}", Uuid::now_v7().simple());
        let mut admin = admin("postgres").await;
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} OWNER emporia_owner");
        admin.batch_execute(&sql).await.expect("cloning the template");
        Self { name }
    }

    /// A database without tables, for what migrates it itself.
    pub async fn empty() -> Self {
        template().await;
        let name = format!("test_{}", Uuid::now_v7().simple());
        let sql = format!("CREATE DATABASE {name} OWNER emporia_owner");
        admin("postgres").await.batch_execute(&sql).await.expect("an empty database");
        Self { name }
    }

    pub fn url(&self, role: &str) -> String {
        url_as(role, &self.name)
    }

    /// The settings of a process on this database; `more` goes over them.
    pub fn config(&self, more: &[(&str, &str)]) -> Config {
        let (app, platform) = (self.url("emporia_app"), self.url("emporia_platform"));
        // A request that may take only so long leaves its gateway less.
        let is_hasty = more.iter().any(|(name, _)| *name == "REQUEST_TIMEOUT_MS");
        let payment = is_hasty.then_some(("PAYMENT_TIMEOUT_MS", "50"));
        let own = [
            ("DATABASE_URL", app.as_str()),
            ("DATABASE_PLATFORM_URL", platform.as_str()),
            ("DATABASE_POOL_SIZE", "4"),
            ("DEVELOPMENT", "true"),
            ("BASE_DOMAIN", "shops.test"),
            ("WEBHOOK_ALLOW_PRIVATE", "true"),
            // Without limits, unless a test asks for some.
            ("DEFAULT_PLAN", "pro"),
        ];
        Config::read(&Env::from_pairs(own.into_iter().chain(payment).chain(more.iter().copied())))
            .expect("the test's settings")
    }
}

impl Drop for TestDb {
    /// Databases of finished tests go at once: hundreds of them would fill the disk.
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                admin("postgres").await.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await
            })
        });
        let _ = dropping.join();
    }
}

/// The URL of the test Redis.
pub fn redis_url() -> String {
    server("TEST_REDIS_URL")
}
