//! The settings as texts: what `emporia config` prints.

use std::fmt::Write;

use super::setting::Setting;

/// Each variable with its value, default and meaning. Secrets are masked.
pub fn shown(settings: &[Setting]) -> String {
    let mut text = String::new();
    for (index, setting) in settings.iter().enumerate() {
        if index == 0 || settings[index - 1].section != setting.section {
            let gap = if index == 0 { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", setting.section);
        }
        let (value, source) = match (&setting.value, &setting.default) {
            (Some(value), Some(default)) if value == default => (value.as_str(), "the default"),
            (Some(value), _) => (value.as_str(), ""),
            (None, Some(default)) => (default.as_str(), "the default"),
            (None, None) => ("", if setting.is_required { "missing" } else { "not set" }),
        };
        let source = if source.is_empty() { String::new() } else { format!("  ({source})") };
        let _ = writeln!(text, "  {}={value}{source}", setting.name);
        let _ = writeln!(text, "      {}", meaning(setting, setting.value.is_some()));
    }
    text
}

/// A file of variables to begin with, for compose's `env_file`: what has to be said is said, the rest is there as a
/// comment with its default.
pub fn example(settings: &[Setting]) -> String {
    let mut text = "# The settings of emporia. What stands behind a # is optional, with its default or an example.\n\
                    # Made by `emporia config example`, from where they are read; a test compares.\n"
        .to_owned();
    for (index, setting) in settings.iter().enumerate() {
        if index == 0 || settings[index - 1].section != setting.section {
            let _ = writeln!(text, "\n# {}", setting.section);
        }
        let value = match (&setting.default, &setting.example) {
            (Some(default), _) => default.clone(),
            (None, Some(example)) => for_compose(example),
            (None, None) => String::new(),
        };
        let hash = if setting.is_required { "" } else { "#" };
        let _ = writeln!(text, "\n# {}\n{hash}{}={value}", meaning(setting, false), setting.name);
    }
    text
}

/// In a few words, with what may be said, and with the default where another value stands in its place.
fn meaning(setting: &Setting, with_default: bool) -> String {
    let mut text = setting.meaning.to_owned();
    if let Some(expected) = &setting.expected {
        let _ = write!(text, "; {expected}");
    }
    if let Some(default) = setting.default.as_ref().filter(|_| with_default) {
        let _ = write!(text, "; default {default}");
    }
    text
}

/// An example with the names that servers have in docker/compose.yaml.
fn for_compose(example: &str) -> String {
    example.replace('…', "change-me").replace("@host", "@postgres").replace("//host:6379", "//redis:6379")
}
