//! What is refused, and what `emporia config` says.

use std::time::Duration;

use super::{Config, ConfigErrors, Env, example, shown};

const REQUIRED: [(&str, &str); 2] = [("DATABASE_URL", "postgres://a/x"), ("DATABASE_PLATFORM_URL", "postgres://b/x")];

#[test]
fn every_mistake_is_reported_at_once() {
    let env = Env::from_pairs([("DATABASE_URL", "postgres://a/x"), ("LISTEN", "here"), ("DATABASE_POOL_SIZE", "0")]);
    let ConfigErrors(lines) = Config::read(&env).unwrap_err();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("DATABASE_PLATFORM_URL is missing"));
    assert_eq!(lines[1], "DATABASE_POOL_SIZE is \"0\"; expected a whole number from 1 to 1000");
}

#[test]
fn a_payment_may_not_take_as_long_as_its_reservation() {
    let patient = Env::from_pairs(REQUIRED).with([("REQUEST_TIMEOUT_MS", "90000")]);
    let read = |millis: &str| Config::read(&patient.clone().with([("PAYMENT_TIMEOUT_MS", millis)]));
    assert_eq!(read("60000").unwrap().payment_timeout, Duration::from_secs(60));
    let ConfigErrors(lines) = read("60001").unwrap_err();
    assert_eq!(lines, ["PAYMENT_TIMEOUT_MS is \"60001\"; expected a whole number from 1 to 60000"]);
}

#[test]
fn what_contradicts_something_else_is_a_mistake() {
    for (name, value, said) in [
        ("PAYMENT_TIMEOUT_MS", "30000", "PAYMENT_TIMEOUT_MS is 30000 and REQUEST_TIMEOUT_MS 30000; expected less: "),
        ("REQUEST_TIMEOUT_MS", "20000", "PAYMENT_TIMEOUT_MS is 20000 and REQUEST_TIMEOUT_MS 20000; expected less: "),
        (
            "REDIS_CA_FILE",
            "/dev/null",
            "REDIS_CA_FILE, REDIS_CERT_FILE and REDIS_KEY_FILE need a REDIS_URL of rediss://",
        ),
    ] {
        let env = Env::from_pairs(REQUIRED).with([("REDIS_URL", "redis://b"), (name, value)]);
        let ConfigErrors(lines) = Config::read(&env).expect_err(name);
        assert!(lines.len() == 1 && lines[0].starts_with(said), "{lines:?}");
    }
}

#[test]
fn the_base_domain_is_a_name_and_nothing_else() {
    let read = |domain: &str| Config::read(&Env::from_pairs(REQUIRED).with([("BASE_DOMAIN", domain)]));
    for bad in
        ["https://shops.example", "shops.example:8000", "shops.example/", ".example", "a..b", "-a.example", "ä.example"]
    {
        let ConfigErrors(lines) = read(bad).expect_err(bad);
        assert_eq!(
            lines,
            [format!("BASE_DOMAIN is \"{bad}\"; expected a name like shops.example, without scheme, port and path")]
        );
    }
    assert_eq!(read("Shops.Example").unwrap().http.base_domain.as_deref(), Some("shops.example"));
    assert_eq!(read("localhost").unwrap().http.base_domain.as_deref(), Some("localhost"));
}

#[test]
fn waits_between_attempts_are_few_and_end_within_a_month() {
    let read = |list: &str| Config::read(&Env::from_pairs(REQUIRED).with([("WEBHOOK_RETRY_SECONDS", list)]));
    assert_eq!(read("0, 2592000").unwrap().webhook.retry, [0, 2_592_000].map(Duration::from_secs));
    for bad in ["2592001", "1,18446744073709551615", "1,,2", "-1", ["1"; 21].join(",").as_str()] {
        let ConfigErrors(lines) = read(bad).expect_err(bad);
        assert_eq!(
            lines,
            [format!("WEBHOOK_RETRY_SECONDS is \"{bad}\"; expected at most 20 numbers up to 2592000, like 60,120,240")]
        );
    }
}

#[test]
fn the_public_url_is_an_address_of_the_web() {
    let read = |url: &str| Config::read(&Env::from_pairs(REQUIRED).with([("PUBLIC_URL", url)]));
    for bad in
        ["api.example", "api.example:8000", "ftp://api.example", "https://", "file:///a", "https://a@b", "http://a?b"]
    {
        let ConfigErrors(lines) = read(bad).expect_err(bad);
        assert!(lines.len() == 1 && lines[0].starts_with("PUBLIC_URL is"), "{lines:?}");
    }
    assert_eq!(read("https://api.example/shops/").unwrap().http.public_url, "https://api.example/shops");
}

#[test]
fn addresses_that_cannot_be_used_are_mistakes_and_their_passwords_are_not_told() {
    for (name, value, reason) in [
        ("DATABASE_URL", "postgres://a:s3cret@b/x?sslmode=always", "is not a URL like postgres://"),
        ("DATABASE_URL", "postgres://a:s3cret@b/x?sslmode=verify-full&sslrootcert=/none", "is not a URL like"),
        ("DATABASE_PLATFORM_URL", "host=b password=s3cret", "is not a URL like postgres://"),
        ("DATABASE_PLATFORM_URL", "postgres://a:s3cret@b:port/x", "is not a URL like postgres://"),
        ("REDIS_URL", "s3cret", "is not a URL like redis://"),
    ] {
        let ConfigErrors(lines) = Config::read(&Env::from_pairs(REQUIRED).with([(name, value)])).expect_err(value);
        assert!(lines.len() == 1 && lines[0].starts_with(&format!("{name} {reason}")), "{lines:?}");
        assert!(!lines[0].contains("s3cret"), "{lines:?}");
    }
    for (name, value) in [
        ("DATABASE_URL", "postgresql://a,b/x?sslmode=disable"),
        ("DATABASE_URL", "postgres://a:pw@b/x?sslmode=verify-full"),
        ("REDIS_URL", "redis://:pw@b/1"),
        ("REDIS_URL", "rediss://:pw@b/1"),
    ] {
        assert!(Config::read(&Env::from_pairs(REQUIRED).with([(name, value)])).is_ok(), "{value}");
    }
}

#[test]
fn defaults_are_enough_beside_the_databases() {
    let config = Config::read(&Env::from_pairs(REQUIRED)).unwrap();
    assert_eq!(config.webhook.timeout, Duration::from_secs(15));
    assert_eq!(config.webhook.retry, [60, 120, 240, 480].map(Duration::from_secs));
    assert!(!config.webhook.allow_private && !config.http.graphiql && !config.development);
}

#[test]
fn without_redis_only_a_single_process_starts() {
    let env = Env::from_pairs(REQUIRED);
    assert!(Config::read_for(&env, true).is_ok());
    assert!(Config::read_for(&env, false).unwrap_err().0[0].starts_with("REDIS_URL is missing"));
    assert!(Config::read_for(&env.with([("REDIS_URL", "redis://c")]), false).is_ok());
    assert_eq!(Config::read_for(&Env::from_pairs([]), false).unwrap_err().0.len(), 3);
}

#[test]
fn how_much_is_logged_is_a_filter() {
    let read = |log: &str| Config::read(&Env::from_pairs(REQUIRED).with([("LOG", log)]));
    assert_eq!(read("info,emporia=debug").unwrap().log, "info,emporia=debug");
    let ConfigErrors(lines) = read("emporia=loud").unwrap_err();
    assert_eq!(lines, ["LOG is \"emporia=loud\"; expected a filter like info or info,emporia=debug"]);
}

#[test]
fn each_variable_is_declared_once_and_says_what_it_means() {
    let (settings, _) = Config::survey(&Env::from_pairs([]), false);
    let mut names: Vec<_> = settings.iter().map(|setting| setting.name).collect();
    assert!(settings.iter().all(|setting| !setting.meaning.is_empty() && !setting.section.is_empty()));
    assert!(settings.iter().all(|setting| setting.default.is_some() || setting.example.is_some()));
    let of_commands = ["LOG", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL", "EMPORIA_DATA_DIR"];
    assert!(of_commands.iter().all(|name| names.contains(name)), "{names:?}");
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn the_readme_names_every_variable_and_no_other() {
    let readme = include_str!("../../README.md");
    let (settings, _) = Config::survey(&Env::from_pairs([]), false);
    for setting in &settings {
        assert!(readme.contains(&format!("`{}`", setting.name)), "README.md lacks {}", setting.name);
    }
    let table = readme.split_once("| Variable | |").expect("the table").1;
    let rows = table.lines().skip(1).take_while(|line| line.is_empty() || line.starts_with('|'));
    let named = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    for name in named {
        assert!(settings.iter().any(|setting| setting.name == name), "README.md names {name}, which nobody reads");
    }
}

#[test]
fn the_example_of_docker_is_fresh_and_can_be_read() {
    let committed = include_str!("../../docker/.env.example");
    let (settings, _) = Config::survey(&Env::from_pairs([]), false);
    assert!(committed == example(&settings), "stale: cargo run -- config example > docker/.env.example");
    let lines = committed.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let env = Env::from_pairs(lines.map(|line| line.split_once('=').expect("NAME=value")));
    let read = Config::read_for(&env, false);
    assert!(read.is_ok(), "{:?}", read.err());
    // Each default is one that may be said.
    let defaults: Vec<_> =
        settings.iter().filter_map(|setting| Some((setting.name, setting.default.as_deref()?))).collect();
    let read = Config::read_for(&env.with(defaults), false);
    assert!(read.is_ok(), "{:?}", read.err());
}

#[test]
fn what_is_set_is_shown_without_secrets() {
    let env = Env::from_pairs([
        ("DATABASE_URL", "postgres://emporia_app:s3cret@db/shop"),
        ("DATABASE_OWNER_URL", "postgres://emporia_owner:s3cret@db/shop"),
        ("REDIS_URL", "redis://:s3cret@cache"),
        ("DATABASE_POOL_SIZE", "12"),
        ("WS_MAX_SOCKETS", "none"),
    ]);
    let (settings, mistakes) = Config::survey(&env, false);
    let text = shown(&settings);
    for line in [
        "  DATABASE_URL=postgres://emporia_app:***@db/shop\n",
        "  DATABASE_PLATFORM_URL=  (missing)\n",
        "  DATABASE_POOL_SIZE=12\n      connections a process holds to each of them, at most; a whole number from 1 to \
         1000; default 10\n",
        "  DATABASE_ACQUIRE_TIMEOUT_MS=5000  (the default)\n",
        "  REDIS_URL=redis://:***@cache\n",
        "  BASE_DOMAIN=  (not set)\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert!(!text.contains("s3cret") && !format!("{mistakes:?}").contains("s3cret"), "{text}");
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
}

#[test]
fn certificates_for_redis_are_read_with_the_settings() {
    let read = |pairs: &[(&str, &str)]| Config::read(&Env::from_pairs(REQUIRED).with(pairs.iter().copied()));
    let ConfigErrors(lines) = read(&[("REDIS_CA_FILE", "/nonexistent/ca.pem")]).unwrap_err();
    assert!(lines.len() == 1 && lines[0].starts_with("REDIS_CA_FILE: /nonexistent/ca.pem cannot be read"), "{lines:?}");
    let ConfigErrors(lines) = read(&[("REDIS_CERT_FILE", "Cargo.toml")]).unwrap_err();
    assert_eq!(lines, ["REDIS_CERT_FILE and REDIS_KEY_FILE go together"]);
}

#[test]
fn an_account_at_stripe_is_whole_and_shows_nothing() {
    let read = |more: &[(&str, &str)]| {
        let pairs: Vec<(&str, &str)> = REQUIRED.iter().copied().chain(more.iter().copied()).collect();
        Config::read(&Env::from_pairs(pairs))
    };
    let (key, secrets) = (("STRIPE_SECRET_KEY", "sk_live_1"), ("STRIPE_WEBHOOK_SECRETS", "whsec_0123456789abcdef"));
    assert!(read(&[]).unwrap().stripe.account.is_none());
    let both = ("STRIPE_WEBHOOK_SECRETS", "whsec_0123456789abcdef, whsec_fedcba9876543210");
    let account = read(&[key, both]).unwrap().stripe.account.expect("an account");
    assert_eq!((account.webhook_secrets.len(), account.url.as_str()), (2, "https://api.stripe.com"));
    let shown = format!("{account:?}");
    assert!(!shown.contains("sk_live_1") && !shown.contains("0123456789abcdef"), "{shown}");
    for (more, said) in [
        (&[key][..], "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS are set together, or neither is"),
        (&[secrets], "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS are set together, or neither is"),
        (&[key, ("STRIPE_WEBHOOK_SECRETS", "whsec_short")], "STRIPE_WEBHOOK_SECRETS has what is none"),
        (&[secrets, ("STRIPE_SECRET_KEY", "sk live")], "STRIPE_SECRET_KEY is none"),
        (&[key, secrets, ("STRIPE_API_URL", "http://stripe.example")], "STRIPE_API_URL is"),
        (&[("BILLING_GRACE_DAYS", "91")], "BILLING_GRACE_DAYS is"),
    ] {
        let ConfigErrors(lines) = read(more).expect_err(said);
        assert!(lines.iter().any(|line| line.starts_with(said)), "{lines:?}");
        assert!(!lines.concat().contains("whsec_0123456789abcdef") && !lines.concat().contains("sk live"), "{lines:?}");
    }
}
