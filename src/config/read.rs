//! Reads typed values out of variables, notes what there is to set, and collects every mistake before giving up.
//!
//! A call of the reader is the one declaration of its variable: name, default, bounds and meaning stand there and
//! nowhere else.

use std::fmt::{self, Display};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::env::Env;
use super::setting::{Setting, masked};

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

/// The longest time that is set in milliseconds: an hour.
const MAX_MILLIS: u32 = 3_600_000;

pub(super) struct Reader<'a> {
    env: &'a Env,
    errors: Vec<String>,
    section: &'static str,
    settings: Vec<Setting>,
}

impl<'a> Reader<'a> {
    pub fn new(env: &'a Env) -> Self {
        Self { env, errors: Vec::new(), section: "", settings: Vec::new() }
    }

    /// The heading for what is read from here on.
    pub fn section(&mut self, heading: &'static str) {
        self.section = heading;
    }

    /// Notes a variable and answers its value.
    fn declare(&mut self, name: &'static str, meaning: &'static str) -> (Option<String>, &mut Setting) {
        let value = self.env.get(name);
        self.settings.push(Setting {
            name,
            section: self.section,
            meaning,
            expected: None,
            default: None,
            is_required: false,
            example: None,
            is_secret: false,
            value: value.clone(),
        });
        (value, self.settings.last_mut().expect("pushed above"))
    }

    /// A variable that may be left out.
    pub fn optional(&mut self, name: &'static str, example: &str, meaning: &'static str) -> Option<String> {
        let (value, setting) = self.declare(name, meaning);
        setting.example = Some(example.to_owned());
        value
    }

    /// One whose value holds a password: shown without it.
    pub fn secret(&mut self, name: &'static str, example: &str, meaning: &'static str) -> Option<String> {
        let (value, setting) = self.declare(name, meaning);
        setting.example = Some(example.to_owned());
        setting.is_secret = true;
        setting.value = value.as_deref().map(masked);
        value
    }

    /// The last variable has to be said; notes a mistake when it is not.
    pub fn require(&mut self, value: Option<String>) -> Option<String> {
        let setting = self.must_be_set();
        if value.is_none() {
            let example = setting.example.as_deref().unwrap_or_default();
            let line = format!("{} is missing; for example {example}", setting.name);
            self.errors.push(line);
        }
        value
    }

    /// Marks the last variable as one that has to be said.
    pub fn must_be_set(&mut self) -> &mut Setting {
        let setting = self.settings.last_mut().expect("one is read before it is required");
        setting.is_required = true;
        setting
    }

    pub fn text(&mut self, name: &'static str, default: &str, meaning: &'static str) -> String {
        let (value, setting) = self.declare(name, meaning);
        setting.default = Some(default.to_owned());
        value.unwrap_or_else(|| default.to_owned())
    }

    pub fn parsed<T: FromStr + Display>(
        &mut self,
        name: &'static str,
        default: T,
        expected: &str,
        meaning: &'static str,
    ) -> T {
        let (value, setting) = self.declare(name, meaning);
        setting.default = Some(default.to_string());
        setting.expected = Some(expected.to_owned());
        let Some(value) = value else { return default };
        value.parse().unwrap_or_else(|_| {
            self.errors.push(format!("{name} is \"{value}\"; expected {expected}"));
            default
        })
    }

    pub fn number(
        &mut self,
        name: &'static str,
        default: u32,
        bounds: RangeInclusive<u32>,
        meaning: &'static str,
    ) -> u32 {
        let expected = format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let value = self.parsed(name, default, &expected, meaning);
        if !bounds.contains(&value) {
            self.errors.push(format!("{name} is \"{value}\"; expected {expected}"));
        }
        value
    }

    pub fn flag(&mut self, name: &'static str, default: bool, meaning: &'static str) -> bool {
        self.parsed(name, default, "true or false", meaning)
    }

    /// An `http` or `https` URL with a host, without a slash at its end.
    pub fn web_address(&mut self, name: &'static str, default: &str, meaning: &'static str) -> String {
        let value = self.text(name, default, meaning);
        self.checked_web_address(name, &value)
    }

    /// The same, or none.
    pub fn web_address_if_set(&mut self, name: &'static str, example: &str, meaning: &'static str) -> Option<String> {
        let value = self.optional(name, example, meaning)?;
        Some(self.checked_web_address(name, &value))
    }

    fn checked_web_address(&mut self, name: &str, value: &str) -> String {
        let is_one = Url::parse(value).is_ok_and(|url| {
            let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
            matches!(url.scheme(), "http" | "https") && url.has_host() && bare && url.fragment().is_none()
        });
        if !is_one {
            self.errors.push(format!("{name} is \"{value}\"; expected a URL like https://api.example"));
        }
        value.trim_end_matches('/').to_owned()
    }

    /// A host's name, without scheme, port and path; in lower case.
    pub fn domain(&mut self, name: &'static str, example: &str, meaning: &'static str) -> Option<String> {
        let value = self.optional(name, example, meaning)?.to_ascii_lowercase();
        let is_label = |label: &str| {
            let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len()) && is_plain && !label.starts_with('-') && !label.ends_with('-')
        };
        if value.len() <= 253 && value.split('.').all(is_label) {
            return Some(value);
        }
        self.mistake(format!("{name} is \"{value}\"; expected a name like {example}, without scheme, port and path"));
        None
    }

    /// Up to an hour.
    pub fn millis(&mut self, name: &'static str, default: u32, meaning: &'static str) -> Duration {
        self.millis_to(name, default, MAX_MILLIS, meaning)
    }

    /// Up to an hour; none may be said as well.
    pub fn millis_from_none(&mut self, name: &'static str, default: u32, meaning: &'static str) -> Duration {
        Duration::from_millis(self.number(name, default, 0..=MAX_MILLIS, meaning).into())
    }

    pub fn millis_to(&mut self, name: &'static str, default: u32, max: u32, meaning: &'static str) -> Duration {
        Duration::from_millis(self.number(name, default, 1..=max, meaning).into())
    }

    /// Each up to thirty days.
    pub fn seconds_list(&mut self, name: &'static str, default: &[u64], meaning: &'static str) -> Vec<Duration> {
        const MAX: u64 = 30 * 24 * 60 * 60;
        const EXPECTED: &str = "at most 20 numbers up to 2592000, like 60,120,240";
        let (value, setting) = self.declare(name, meaning);
        setting.default = Some(default.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        setting.expected = Some(EXPECTED.to_owned());
        let default: Vec<Duration> = default.iter().copied().map(Duration::from_secs).collect();
        let Some(value) = value else { return default };
        let seconds: Result<Vec<u64>, _> = value.split(',').map(|part| part.trim().parse()).collect();
        match seconds {
            Ok(seconds) if seconds.len() <= 20 && seconds.iter().all(|wait| *wait <= MAX) => {
                seconds.into_iter().map(Duration::from_secs).collect()
            }
            _ => {
                self.errors.push(format!("{name} is \"{value}\"; expected {EXPECTED}"));
                default
            }
        }
    }

    /// Networks, as 10.0.0.0/8; an address is a network of its own. None where nothing is said.
    pub fn networks(&mut self, name: &'static str, example: &str, meaning: &'static str) -> Vec<IpNet> {
        let Some(value) = self.optional(name, example, meaning) else { return Vec::new() };
        let network = |part: &str| part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        let networks: Result<Vec<IpNet>, _> = value.split(',').map(|part| network(part.trim())).collect();
        networks.unwrap_or_else(|_| {
            self.errors.push(format!("{name} is \"{value}\"; expected networks like {example}"));
            Vec::new()
        })
    }

    /// An address to listen on, or none.
    pub fn address(&mut self, name: &'static str, example: &str, meaning: &'static str) -> Option<SocketAddr> {
        let value = self.optional(name, example, meaning)?;
        let address = value.parse();
        address.map_err(|_| self.errors.push(format!("{name} is \"{value}\"; expected an address like {example}"))).ok()
    }

    /// What `tracing` takes for a filter.
    pub fn log_filter(&mut self, name: &'static str, default: &str, meaning: &'static str) -> String {
        let value = self.text(name, default, meaning);
        if crate::telemetry::is_filter(&value) {
            return value;
        }
        self.errors.push(format!("{name} is \"{value}\"; expected a filter like info or info,emporia=debug"));
        default.to_owned()
    }

    /// Notes a mistake that the typed readers cannot see.
    pub fn mistake(&mut self, line: String) {
        self.errors.push(line);
    }

    pub fn finish<T>(self, value: T) -> Result<T, ConfigErrors> {
        if self.errors.is_empty() { Ok(value) } else { Err(ConfigErrors(self.errors)) }
    }

    /// What there is to set, and every mistake.
    pub fn survey(self) -> (Vec<Setting>, Vec<String>) {
        (self.settings, self.errors)
    }
}
