//! Pictures for the demo store, drawn from their names: `/demo/images/skerry-rain-jacket-2.svg`.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The pictures' router: merged into the API's by `emporia dev` alone.
pub fn router() -> Router {
    Router::new().route("/demo/images/{file}", get(image))
}

async fn image(Path(file): Path<String>) -> Response {
    match file.strip_suffix(".svg").and_then(svg) {
        Some(svg) => {
            let headers = [
                (header::CONTENT_TYPE, "image/svg+xml"),
                (header::CACHE_CONTROL, "public, max-age=86400"),
                // An image that a browser opens by itself runs nothing.
                (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            (headers, svg).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A plain still life in colours that follow from the name; none for a name that is no handle.
fn svg(name: &str) -> Option<String> {
    let is_handle = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if name.is_empty() || name.len() > 100 || !name.bytes().all(is_handle) {
        return None;
    }
    let seed = crc32fast::hash(name.as_bytes());
    let hue = seed % 360;
    let (x, y, r) = (280 + (seed >> 9) % 240, 250 + (seed >> 13) % 120, 120 + (seed >> 17) % 80);
    let title = title(name);
    let size = (1200 / title.len().max(16)).min(52);
    Some(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 800" width="800" height="800" role="img">
<title>{title}</title>
<rect width="800" height="800" fill="hsl({hue} 38% 90%)"/>
<circle cx="{x}" cy="{y}" r="{r}" fill="hsl({warm} 55% 78%)"/>
<path d="M0 560 Q 200 {hill} 400 540 T 800 520 V 800 H 0 Z" fill="hsl({hue} 32% 62%)"/>
<path d="M0 640 Q 260 560 480 640 T 800 620 V 800 H 0 Z" fill="hsl({hue} 36% 42%)"/>
<text x="400" y="730" text-anchor="middle" font-family="Georgia, serif" font-size="{size}" fill="hsl({hue} 40% 96%)">{title}</text>
</svg>
"##,
        warm = (hue + 150) % 360,
        hill = 380 + (seed >> 21) % 120,
    ))
}

/// `tide-mug-2` is "Tide Mug 2".
fn title(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('-').filter(|part| !part.is_empty()).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_always_has_the_same_picture_and_nothing_can_be_slipped_into_it() {
        assert_eq!(svg("tide-mug-2"), svg("tide-mug-2"));
        assert!(svg("tide-mug-2").unwrap().contains("<title>Tide Mug 2</title>"));
        for name in ["", "<script>", "../x", "Ä", &"a".repeat(101)] {
            assert_eq!(svg(name), None, "{name}");
        }
    }
}
