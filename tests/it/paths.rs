//! The paths that docs/paths.md lists are those that the router answers, by the methods it says.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use emporia::http::router::paths;

use crate::architecture::sources;
use crate::support::TestApp;

/// The documents' table: methods by path.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let table = include_str!("../../docs/paths.md").lines().filter_map(|line| line.strip_prefix("| `/"));
    table
        .map(|row| {
            let mut cells = row.split(" | ");
            let path = cells.next().expect("a path").trim_end_matches('`');
            let methods = cells.next().expect("methods").split(", ").map(str::to_owned);
            (format!("/{path}"), methods.collect())
        })
        .collect()
}

#[tokio::test]
async fn the_table_of_paths_is_the_routers() {
    let documented = documented();
    let listed: BTreeSet<&str> = documented.keys().map(String::as_str).collect();
    assert_eq!(listed, paths().collect::<BTreeSet<_>>());
    let app = TestApp::with(&[("GRAPHIQL", "true")]).await;
    for (path, methods) in &documented {
        let path = path.replace(['{', '}'], "");
        let refused = app.send("PATCH", &path, &[], "").await;
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allowed = refused.header("allow").unwrap_or_default().split(',').filter(|method| *method != "HEAD");
        assert_eq!(&allowed.map(str::to_owned).collect::<BTreeSet<_>>(), methods, "{path}");
    }
}

/// What is routed elsewhere would be missing from the list.
#[test]
fn nothing_is_routed_beside_the_lists() {
    let routes = |text: &str| {
        [".route(\"", ".nest(", ".route_service(", ".nest_service(", ".route(path"].iter().any(|by| text.contains(by))
    };
    let found: BTreeMap<String, String> = sources().into_iter().filter(|(_, text)| routes(text)).collect();
    let places = [("metrics/serve.rs", "at `METRICS_LISTEN`"), ("dev/images.rs", "`emporia dev`")];
    let expected = places.iter().map(|(file, _)| *file).chain(["http/router.rs"]);
    assert_eq!(found.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected.collect());
    for (file, place) in places {
        let routed = found[file].split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let row = format!("| {place} | `");
        let listed =
            include_str!("../../docs/paths.md").lines().filter_map(|line| line.strip_prefix(&row)?.split('`').next());
        assert_eq!(routed.collect::<BTreeSet<_>>(), listed.collect(), "{place}");
    }
}
