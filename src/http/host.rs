//! The host that a request was sent to.
//!
//! It is what the one `Host` header says. What a proxy may say elsewhere (`X-Forwarded-Host`, `Forwarded`) is not looked
//! at: whoever likes can send it. A request that names two hosts is refused, since a proxy in front may go by the other.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::origin::OwnOrigins;
use super::problem::problem;
use crate::app::App;
use crate::config::HttpConfig;
use crate::error::Fault;
use crate::tenant::resolve::HostName;

/// The refusal of a request that names two hosts: in two headers, or in its target and another in the header.
pub fn refusal(request: &Request) -> Option<Response> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let only = hosts.next().filter(|_| hosts.next().is_none());
    let names_one = match (request.headers().contains_key(header::HOST), request.uri().authority()) {
        (false, _) => true,
        (true, None) => only.is_some(),
        (true, Some(target)) => {
            only.is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(target.as_str().as_bytes()))
        }
    };
    (!names_one).then(|| problem(StatusCode::BAD_REQUEST, "the request names two hosts"))
}

/// Whose host it can be, by a `Host` header; none: the service's own, or no name at all.
pub fn named(http: &HttpConfig, own: &OwnOrigins, host: &str) -> Option<HostName> {
    let name = name(host)?;
    // Below the shops' domain too, where a shop of that name would be.
    if own.has_name(&name) {
        return None;
    }
    if let Some(base) = http.base_domain.as_deref()
        && let Some(before) = name.strip_suffix(base)
        && (before.is_empty() || before.ends_with('.'))
    {
        let handle = before.strip_suffix('.')?;
        return (!handle.contains('.')).then(|| HostName::Handle(handle.to_owned()));
    }
    Some(HostName::Domain(name))
}

/// Whether a shop is found by this name: whether a certificate for it is worth its while.
pub async fn is_shops(app: &App, host: &str) -> Result<bool, Fault> {
    match named(&app.config.http, &OwnOrigins::of(app, None), host) {
        Some(name) => Ok(app.resolver.at_host(&name).await?.is_some()),
        None => Ok(false),
    }
}

/// The name alone, in lower case, without port and without the dot at its end: both lead to the same place. None of what
/// is no name with a dot within: an address, something with a user in front.
fn name(host: &str) -> Option<String> {
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_letter);
    let (_, top) = name.rsplit_once('.')?;
    let is_name = name.len() <= 253 && name.split('.').all(is_label) && !top.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_name && is_port).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_without_its_port_and_the_dot_at_its_end() {
        for host in
            ["shop.example", "SHOP.example", "shop.example.", "shop.example:443", "shop.example.:8000", "shop.example:"]
        {
            assert_eq!(name(host).as_deref(), Some("shop.example"), "{host}");
        }
        let (long, label) = (format!("{}example", "a.".repeat(124)), format!("{}.example", "a".repeat(64)));
        for host in [
            "",
            ".",
            ":80",
            "localhost",
            "localhost:8000",
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:80",
            "::1",
            "shop..example",
            ".shop.example",
            "shop.example..",
            "user@shop.example",
            "shop.example:80@evil.example",
            "shop.example:x",
            "shop.example:123456",
            "shop.example:80:80",
            "shop.example/",
            "shop.example, evil.example",
            "shop.example evil.example",
            "shop_1.example",
            "*.example",
            "b\u{fc}cher.example",
            &long,
            &label,
        ] {
            assert_eq!(name(host), None, "{host}");
        }
    }
}
