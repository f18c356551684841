//! Reads typed values out of variables and collects every mistake before giving up.

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

/// Variables by name: the process's, or a test's.
#[derive(Clone, Debug, Default)]
pub struct Env(HashMap<String, String>);

impl Env {
    pub fn process() -> Self {
        // Nothing that is not UTF-8 can be one of ours.
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self(std::env::vars_os().filter_map(text).collect())
    }

    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// These variables with others over them.
    pub fn with<'a>(mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.0.extend(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())));
        self
    }

    /// The variable's value, unless it is set to nothing.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Whether the variable is set, and not to nothing.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { env: self, errors: Vec::new() }
    }
}

/// Every mistake in the settings, one line each.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings have {} mistake(s):", self.0.len())?;
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for ConfigErrors {}

pub(super) struct Reader<'a> {
    env: &'a Env,
    errors: Vec<String>,
}

impl Reader<'_> {
    pub fn optional(&mut self, name: &str) -> Option<String> {
        self.env.get(name)
    }

    pub fn text(&mut self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    pub fn required(&mut self, name: &str, example: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.errors.push(format!("{name} is missing; for example {example}"));
            String::new()
        })
    }

    pub fn parsed<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T {
        let Some(value) = self.optional(name) else { return default };
        value.parse().unwrap_or_else(|_| {
            self.errors.push(format!("{name} is \"{value}\"; expected {expected}"));
            default
        })
    }

    pub fn number(&mut self, name: &str, default: u32, bounds: RangeInclusive<u32>) -> u32 {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let value = self.parsed(name, default, &expected);
        if !bounds.contains(&value) {
            self.errors.push(format!("{name} is \"{value}\"; expected {expected}"));
        }
        value
    }

    pub fn flag(&mut self, name: &str, default: bool) -> bool {
        self.parsed(name, default, "true or false")
    }

    /// A URL of PostgreSQL's that this build can speak to; its password is never repeated.
    pub fn database_url(&mut self, name: &str, example: &str) -> String {
        let value = self.required(name, example);
        if value.is_empty() {
            return value;
        }
        let is_url = value.starts_with("postgres://") || value.starts_with("postgresql://");
        let wants_tls = ["sslmode=require", "sslmode=verify"].iter().any(|mode| value.contains(mode));
        let mistake = match value.parse::<tokio_postgres::Config>() {
            _ if wants_tls => {
                "asks for TLS, which emporia does not speak yet: leave sslmode out, or say disable".to_owned()
            }
            _ if !is_url => format!("is not a URL like {example}"),
            Err(error) => {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                format!("is not a URL like {example}: {why}")
            }
            Ok(_) => return value,
        };
        self.errors.push(format!("{name} {mistake}"));
        String::new()
    }

    /// A URL of Redis's that this build can speak to; its password is never repeated.
    pub fn redis_url(&mut self, name: &str) -> Option<String> {
        let value = self.optional(name)?;
        let mistake = if ["rediss://", "valkeys://"].iter().any(|scheme| value.starts_with(scheme)) {
            "asks for TLS, which emporia does not speak yet: use redis://host:6379"
        } else if redis::Client::open(value.as_str()).is_err() {
            "is not a URL like redis://host:6379"
        } else {
            return Some(value);
        };
        self.errors.push(format!("{name} {mistake}"));
        None
    }

    /// An `http` or `https` URL with a host, without a slash at its end.
    pub fn web_address(&mut self, name: &str, default: &str) -> String {
        let value = self.text(name, default);
        let is_one = Url::parse(&value).is_ok_and(|url| {
            let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
            matches!(url.scheme(), "http" | "https") && url.has_host() && bare && url.fragment().is_none()
        });
        if !is_one {
            self.errors.push(format!("{name} is \"{value}\"; expected a URL like https://api.example"));
        }
        value.trim_end_matches('/').to_owned()
    }

    pub fn millis(&mut self, name: &str, default: u32) -> Duration {
        self.millis_to(name, default, 3_600_000)
    }

    pub fn millis_to(&mut self, name: &str, default: u32, max: u32) -> Duration {
        Duration::from_millis(self.number(name, default, 1..=max).into())
    }

    pub fn seconds_list(&mut self, name: &str, default: &[u64]) -> Vec<Duration> {
        let default: Vec<Duration> = default.iter().copied().map(Duration::from_secs).collect();
        let Some(value) = self.optional(name) else { return default };
        let seconds: Result<Vec<u64>, _> = value.split(',').map(|part| part.trim().parse()).collect();
        match seconds {
            Ok(seconds) if seconds.len() <= 20 => seconds.into_iter().map(Duration::from_secs).collect(),
            _ => {
                self.errors.push(format!("{name} is \"{value}\"; expected at most 20 numbers like 60,120,240"));
                default
            }
        }
    }

    /// Notes a mistake that the typed readers cannot see.
    pub fn mistake(&mut self, line: String) {
        self.errors.push(line);
    }

    pub fn finish<T>(self, value: T) -> Result<T, ConfigErrors> {
        if self.errors.is_empty() { Ok(value) } else { Err(ConfigErrors(self.errors)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const REQUIRED: [(&str, &str); 2] =
        [("DATABASE_URL", "postgres://a/x"), ("DATABASE_PLATFORM_URL", "postgres://b/x")];

    #[test]
    fn every_mistake_is_reported_at_once() {
        let env =
            Env::from_pairs([("DATABASE_URL", "postgres://a/x"), ("LISTEN", "here"), ("DATABASE_POOL_SIZE", "0")]);
        let ConfigErrors(lines) = Config::read(&env).unwrap_err();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("DATABASE_PLATFORM_URL is missing"));
        assert_eq!(lines[1], "DATABASE_POOL_SIZE is \"0\"; expected a whole number from 1 to 1000");
    }

    #[test]
    fn a_payment_may_not_take_as_long_as_its_reservation() {
        let read = |millis: &str| Config::read(&Env::from_pairs(REQUIRED).with([("PAYMENT_TIMEOUT_MS", millis)]));
        assert_eq!(read("60000").unwrap().payment_timeout, Duration::from_secs(60));
        let ConfigErrors(lines) = read("60001").unwrap_err();
        assert_eq!(lines, ["PAYMENT_TIMEOUT_MS is \"60001\"; expected a whole number from 1 to 60000"]);
    }

    #[test]
    fn the_public_url_is_an_address_of_the_web() {
        let read = |url: &str| Config::read(&Env::from_pairs(REQUIRED).with([("PUBLIC_URL", url)]));
        for bad in [
            "api.example",
            "api.example:8000",
            "ftp://api.example",
            "https://",
            "file:///a",
            "https://a@b",
            "http://a?b",
        ] {
            let ConfigErrors(lines) = read(bad).expect_err(bad);
            assert!(lines.len() == 1 && lines[0].starts_with("PUBLIC_URL is"), "{lines:?}");
        }
        assert_eq!(read("https://api.example/shops/").unwrap().http.public_url, "https://api.example/shops");
    }

    #[test]
    fn addresses_that_cannot_be_used_are_mistakes_and_their_passwords_are_not_told() {
        for (name, value, reason) in [
            ("DATABASE_URL", "postgres://a:s3cret@b/x?sslmode=require", "asks for TLS"),
            ("DATABASE_URL", "postgres://a:s3cret@b/x?sslmode=verify-full", "asks for TLS"),
            ("DATABASE_PLATFORM_URL", "host=b password=s3cret", "is not a URL like postgres://"),
            ("DATABASE_PLATFORM_URL", "postgres://a:s3cret@b:port/x", "is not a URL like postgres://"),
            ("REDIS_URL", "rediss://a:s3cret@b", "asks for TLS"),
            ("REDIS_URL", "s3cret", "is not a URL like redis://"),
        ] {
            let ConfigErrors(lines) = Config::read(&Env::from_pairs(REQUIRED).with([(name, value)])).expect_err(value);
            assert!(lines.len() == 1 && lines[0].starts_with(&format!("{name} {reason}")), "{lines:?}");
            assert!(!lines[0].contains("s3cret"), "{lines:?}");
        }
        for (name, value) in [("DATABASE_URL", "postgresql://a,b/x?sslmode=disable"), ("REDIS_URL", "redis://:pw@b/1")]
        {
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
}
