//! Media types: what the client sends, and what it wants back.

use axum::http::{HeaderMap, StatusCode, header};

use super::answer::{Media, Refused};

/// Refuses every body that is not JSON in UTF-8: the media types that a page may send without a preflight are
/// among the others.
pub fn content_type(headers: &HeaderMap) -> Result<(), Refused> {
    let is_json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let (essence, parameters) = parts(value);
        essence.eq_ignore_ascii_case("application/json") && is_utf8(parameters)
    });
    if is_json {
        return Ok(());
    }
    let text = "send `content-type: application/json`, in UTF-8";
    Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

/// The media type for the answer: the one with the highest weight, the first among equals; `application/json` for
/// a client that takes anything.
pub fn answer_type(headers: &HeaderMap) -> Result<Media, Refused> {
    let mut best: Option<(f32, Media)> = None;
    let mut has_any = false;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',').filter(|range| !range.trim().is_empty()) {
            has_any = true;
            let (essence, parameters) = parts(range);
            let weight = weight(parameters);
            let Some(media) = media(essence).filter(|_| is_utf8(parameters) && weight > 0.0) else { continue };
            if best.is_none_or(|(known, _)| weight > known) {
                best = Some((weight, media));
            }
        }
    }
    match best {
        Some((_, media)) => Ok(media),
        None if !has_any => Ok(Media::Json),
        None => {
            let text =
                "answers come as application/graphql-response+json, application/json or text/event-stream, in UTF-8";
            Err(Refused::new(StatusCode::NOT_ACCEPTABLE, text))
        }
    }
}

fn media(essence: &str) -> Option<Media> {
    let is = |name: &str| essence.eq_ignore_ascii_case(name);
    if is("application/graphql-response+json") {
        Some(Media::GraphqlResponse)
    } else if is("application/json") || is("application/*") || is("*/*") {
        Some(Media::Json)
    } else if is("text/event-stream") {
        Some(Media::Events)
    } else {
        None
    }
}

fn parts(value: &str) -> (&str, &str) {
    let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
    (essence.trim(), parameters)
}

fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters
        .split(';')
        .filter_map(|one| one.split_once('='))
        .find_map(|(key, value)| key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"')))
}

fn is_utf8(parameters: &str) -> bool {
    parameter(parameters, "charset")
        .is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8"))
}

fn weight(parameters: &str) -> f32 {
    parameter(parameters, "q").map_or(1.0, |q| q.parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &[&str]) -> Option<Media> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        answer_type(&headers).ok()
    }

    #[test]
    fn the_heaviest_and_then_the_first_known_type_wins() {
        use Media::{GraphqlResponse, Json};
        for (accept, media) in [
            (vec![], Some(Json)),
            (vec!["*/*"], Some(Json)),
            (vec!["application/*"], Some(Json)),
            (vec!["application/graphql-response+json, application/json;q=0.9"], Some(GraphqlResponse)),
            (vec!["application/json;q=0.5, application/graphql-response+json"], Some(GraphqlResponse)),
            (vec!["application/json, application/graphql-response+json"], Some(Json)),
            (vec!["text/html", "APPLICATION/JSON; charset=UTF-8"], Some(Json)),
            (vec!["text/html, */*;q=0.1"], Some(Json)),
            (vec!["text/event-stream"], Some(Media::Events)),
            (vec!["text/html"], None),
            (vec!["application/json; charset=latin1"], None),
            (vec!["application/json;q=0"], None),
        ] {
            assert_eq!(wanted(&accept), media, "{accept:?}");
        }
    }

    #[test]
    fn bodies_are_json_in_utf8() {
        let ok = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            content_type(&headers).is_ok()
        };
        assert!(ok("application/json") && ok("Application/JSON; charset=\"utf-8\""));
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", "json"] {
            assert!(!ok(other), "{other}");
        }
        assert!(content_type(&HeaderMap::new()).is_err());
    }
}
