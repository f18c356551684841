//! `emporia dev` as a developer runs it: a PostgreSQL of its own, in a directory of its own.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::eventually;

/// A directory below which everything is removed at the end. Not below /root or a runner's private directory: the
/// server's unprivileged user must get there, or it goes elsewhere.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("emporia-dev-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir(&dir).expect("a scratch directory");
        std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o755)).expect("its permissions");
        Self(dir)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running `emporia dev`; killed (with its server, by the next start or the test) when a test fails.
struct Dev {
    child: Child,
    ready_file: PathBuf,
    data: PathBuf,
    log: PathBuf,
}

impl Dev {
    fn start(scratch: &Scratch, more: &[&str]) -> Self {
        let (data, ready_file) = (scratch.0.join("data"), scratch.0.join("ready.json"));
        let mut command = command(&data);
        command.args(["--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready_file).args(more);
        let log = scratch.0.join("log");
        let file = std::fs::File::create(&log).expect("a log");
        // In a process group of its own, as in a terminal.
        let child = command.process_group(0).stdout(Stdio::null()).stderr(file).spawn().expect("emporia dev");
        Self { child, ready_file, data, log }
    }

    /// Started into two pipes that nobody reads any more.
    fn start_unheard(scratch: &Scratch) -> Self {
        let (data, ready_file) = (scratch.0.join("data"), scratch.0.join("ready.json"));
        let mut command = command(&data);
        command.args(["--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready_file).env("LOG", "info");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("emporia dev");
        drop((child.stdout.take(), child.stderr.take()));
        Self { child, ready_file, data, log: scratch.0.join("log") }
    }

    /// What it says of itself once it answers. A first start makes a database cluster: that takes its time.
    async fn ready(&mut self) -> Value {
        let deadline = Instant::now() + Duration::from_secs(180);
        loop {
            if let Ok(text) = std::fs::read(&self.ready_file) {
                return serde_json::from_slice(&text).expect("one JSON object");
            }
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none() && Instant::now() < deadline, "not ready: {ended:?}\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What it has written to stderr.
    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn signal_group(&self, signal: &str) {
        let group = format!("-{}", self.child.id());
        assert!(Command::new("kill").args([signal, "--", &group]).status().expect("kill").success());
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
    }

    fn end(mut self) {
        let status = self.child.wait().expect("the end");
        assert!(status.success(), "{status}");
    }

    /// The server's process, while there is one.
    fn server(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.data.join("postgres/data/postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.signal("-TERM");
            let _ = self.child.wait();
        }
    }
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
    command.arg("dev").arg("--data-dir").arg(data).env_remove("REDIS_URL").env("LOG", "warn");
    command
}

/// Runs a command that must be refused; answers what it says.
fn refused(command: &mut Command) -> String {
    let output = command.output().expect("emporia");
    assert!(!output.status.success(), "it was not refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What `emporia tenant create` answers in a terminal that has these variables.
fn tenant_create(name: &str, env: &[(&str, &str)]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emporia"));
    command.args([
        "tenant",
        "create",
        name,
        "--currency",
        "EUR",
        "--country",
        "DE",
        "--shipping-rate",
        "4.90",
        "--json",
    ]);
    let output = command.env_clear().envs(env.iter().copied()).output().expect("emporia tenant create");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn is_alive(pid: u32) -> bool {
    Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status().expect("kill").success()
}

async fn ask(ready: &Value, key: &str, query: &str) -> Value {
    let answer = reqwest::Client::new()
        .post(ready["graphql_url"].as_str().expect("a URL"))
        .header("content-type", "application/json")
        .header("x-api-key", ready[key].as_str().expect("a key"))
        .body(json!({ "query": query }).to_string())
        .send()
        .await
        .expect("an answer");
    let body: Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
    assert!(body.get("errors").is_none(), "{body:#}");
    body["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_there_after_the_first_start_and_the_same_after_the_second() {
    let scratch = Scratch::new();
    let mut dev = Dev::start(&scratch, &[]);
    let first = dev.ready().await;
    assert_eq!(first["pid"], dev.child.id());
    let products = "{ products(first: 250) { nodes { handle } } shop { name } }";
    let data = ask(&first, "publishable_key", products).await;
    let nodes = data["products"]["nodes"].as_array().expect("products");
    assert!(nodes.len() >= 30, "{} products", nodes.len());
    assert_eq!(data["shop"]["name"], "Fjord & Field");
    let image = first["graphql_url"].as_str().expect("a URL").replace("/graphql", "/demo/images/tide-mug.svg");
    let image = reqwest::get(image).await.expect("the image");
    assert_eq!(image.headers()["content-type"], "image/svg+xml");

    // Somebody runs it.
    let sign_in = format!(
        "mutation {{ staffSignIn(input: {{ email: {}, password: {} }}) {{ staffMember {{ isShopOwner }} }} }}",
        first["staff_email"], first["staff_password"]
    );
    let signed_in = json!({ "staffMember": { "isShopOwner": true } });
    assert_eq!(ask(&first, "publishable_key", &sign_in).await["staffSignIn"], signed_in);

    // A store beside it is one command away, named by the directory or by what the ready file says.
    let url = |name: &str| first[name].as_str().expect("a URL").to_owned();
    let (app, owner) = (url("database_url"), url("database_owner_url"));
    let by_urls = [("DATABASE_URL", app.as_str()), ("DATABASE_OWNER_URL", &owner)];
    let by_directory = [("EMPORIA_DATA_DIR", dev.data.to_str().expect("a path"))];
    for (name, env) in [("Harbour", by_urls.as_slice()), ("Meadow", &by_directory)] {
        let mut made = tenant_create(name, env);
        made["graphql_url"] = first["graphql_url"].clone();
        assert_eq!(ask(&made, "publishable_key", "{ shop { name } }").await["shop"]["name"], name);
    }

    // One at a time, and it says which.
    let second = command(&dev.data).output().expect("a second one");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains(&format!("process {}", dev.child.id())), "{said}");

    let server = dev.server().expect("a running server");
    dev.signal("-TERM");
    let (data_dir, ready_file) = (dev.data.clone(), dev.ready_file.clone());
    dev.end();
    assert!(!is_alive(server), "the server has ended");
    assert!(!ready_file.exists(), "the ready file has gone");
    let secrets = data_dir.join("secrets.json").metadata().expect("secrets");
    assert_eq!(secrets.mode() & 0o077, 0, "the secrets are their owner's alone");

    let started = Instant::now();
    let mut dev = Dev::start(&scratch, &[]);
    let again = dev.ready().await;
    println!("second start: {} ms", started.elapsed().as_millis());
    for stays in ["publishable_key", "secret_key", "staff_password", "graphql_url", "data_dir"] {
        assert_eq!(again[stays], first[stays], "{stays}");
    }
    assert_eq!(ask(&again, "publishable_key", &sign_in).await["staffSignIn"], signed_in);
    assert_eq!(ask(&again, "publishable_key", products).await, data, "nothing was made twice");

    // Killed without a chance to stop anything: the next start takes the server over.
    let server = dev.server().expect("a running server");
    dev.signal("-KILL");
    dev.child.wait().expect("the end");
    std::fs::remove_file(&dev.ready_file).expect("what a killed process leaves behind");
    let mut dev = Dev::start(&scratch, &[]);
    let after = dev.ready().await;
    assert_eq!(dev.server(), Some(server));
    assert_eq!(ask(&after, "publishable_key", products).await, data);
    dev.signal("-INT");
    dev.end();
    // Whoever adopts orphans has a say in when the last trace goes.
    eventually("the server that was taken over has ended", || async { (!is_alive(server)).then_some(()) }).await;

    // Without the passwords nothing is left but a new beginning.
    std::fs::remove_file(data_dir.join("secrets.json")).expect("somebody removes the passwords");
    let said = refused(command(&data_dir).args(["--listen", "127.0.0.1:0"]));
    assert!(said.contains("secrets.json is gone") && said.contains("--reset"), "{said}");
    let mut dev = Dev::start(&scratch, &["--reset"]);
    let fresh = dev.ready().await;
    assert_ne!(fresh["secret_key"], first["secret_key"]);
    assert_eq!(ask(&fresh, "publishable_key", "{ shop { name } }").await["shop"]["name"], "Fjord & Field");

    // Without its database it does not live on, and the next start has no trouble with what a killed server leaves.
    let server = dev.server().expect("a running server");
    assert!(Command::new("kill").args(["-KILL", &server.to_string()]).status().expect("kill").success());
    assert_eq!(dev.child.wait().expect("the end").code(), Some(1));
    assert!(dev.said().contains("PostgreSQL has ended"), "{}", dev.said());
    let mut dev = Dev::start(&scratch, &[]);
    let again = dev.ready().await;
    assert_eq!(again["secret_key"], fresh["secret_key"]);
    assert_eq!(ask(&again, "publishable_key", "{ shop { name } }").await["shop"]["name"], "Fjord & Field");
}

#[test]
fn another_users_directory_is_refused_and_left_as_it_is() {
    let scratch = Scratch::new();
    let data = scratch.0.join("data");
    std::fs::create_dir_all(data.join("postgres/data")).expect("a directory");
    std::fs::write(data.join("ready.json"), "{}").expect("what a running one says of itself");
    std::fs::write(data.join("lock"), "").expect("its lock");
    if std::os::unix::fs::chown(data.join("lock"), Some(4_000_000), None).is_err() {
        // Only root can give a file away, and only root could write over another's.
        return;
    }
    let left_alone = || data.join("ready.json").exists() && !data.join("secrets.json").exists();
    let said = refused(&mut command(&data));
    assert!(said.contains("belongs to the user with id 4000000") && left_alone(), "{said}");
    assert!(refused(command(&data).arg("--reset")).contains("belongs to the user") && left_alone());

    // Root's server runs as somebody else, and so not on root's own cluster.
    std::fs::remove_file(data.join("lock")).expect("the lock goes");
    std::fs::write(data.join("postgres/data/PG_VERSION"), "15\n").expect("a cluster");
    let said = refused(&mut command(&data));
    assert!(said.contains("belongs to the user with id 0, and the server would run as") && left_alone(), "{said}");
}

#[test]
fn arguments_that_cannot_work_are_refused_before_anything_is_made() {
    let scratch = Scratch::new();
    let data = scratch.0.join("data");
    assert!(refused(command(&data).args(["--listen", "localhost:0"])).contains("like 127.0.0.1:8000"));
    let nowhere = scratch.0.join("nowhere/ready.json");
    let said = refused(command(&data).args(["--listen", "127.0.0.1:0", "--ready-file"]).arg(nowhere));
    assert!(said.contains("there is no directory"), "{said}");
    assert!(!data.join("postgres").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminals_ctrl_c_while_the_cluster_is_made_is_no_failure_of_initdb() {
    let scratch = Scratch::new();
    let mut dev = Dev::start(&scratch, &[]);
    let begun = dev.data.join("postgres/data.new/PG_VERSION");
    eventually("initdb is at work", || async { begun.exists().then_some(()) }).await;
    // A terminal's signal goes to the whole process group.
    dev.signal_group("-INT");
    assert_eq!(dev.child.wait().expect("the end").code(), Some(1));
    assert!(dev.said().contains("stopped before everything was ready"), "{}", dev.said());
    assert!(!dev.said().contains("initdb"), "{}", dev.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_made_again_and_what_is_not_ours_is_left_alone() {
    let scratch = Scratch::new();
    let mut dev = Dev::start(&scratch, &[]);
    dev.ready().await;
    dev.signal("-TERM");
    let data = dev.data.clone();
    dev.end();
    std::fs::remove_dir_all(data.join("postgres")).expect("somebody removes the cluster");
    // Whoever read what it says has gone before it ends.
    let mut dev = Dev::start_unheard(&scratch);
    let ready = dev.ready().await;
    let found = ask(&ready, "publishable_key", "{ products(first: 1) { nodes { id } } }").await;
    assert_eq!(found["products"]["nodes"].as_array().map(Vec::len), Some(1), "the store is filled again");
    let server = dev.server().expect("a running server");
    dev.signal("-INT");
    dev.end();
    assert!(!is_alive(server), "the server has ended");

    std::fs::remove_dir_all(data.join("postgres")).expect("the cluster goes");
    std::fs::create_dir_all(data.join("postgres/data")).expect("a directory of somebody else's");
    std::fs::write(data.join("postgres/data/thesis.txt"), "years of work").expect("its file");
    let output = command(&data).args(["--listen", "127.0.0.1:0", "--reset"]).output().expect("emporia dev --reset");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("not a cluster that emporia made"), "{said}");
    assert!(data.join("postgres/data/thesis.txt").exists());
}
