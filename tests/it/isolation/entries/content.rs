//! Pages, menus, and what content is to come.

use super::{Entry, blind, marked, telling};

const NONE_YET: &str = "there are none yet";

pub const READS: &[Entry] = &[
    marked(r#"{ page(id: "<page1>") { title body } }"#),
    marked(r#"{ page(handle: "<handle>-1") { bodySummary } }"#),
    marked(r#"{ pageByHandle(handle: "<handle>-1") { title } }"#),
    marked("{ pages(first: 50) { nodes { title } } }"),
    marked(r#"{ pages(first: 50, query: "<handle>", sortKey: TITLE) { nodes { title } } }"#),
    marked(r#"{ pages(first: 50, after: "<pages cursor>") { nodes { title } } }"#),
    marked(r#"{ pages(last: 50, before: "<pages last cursor>") { nodes { title } } }"#),
    marked(r#"{ menu(handle: "<handle>-1") { title items { title resource { ... on Page { title } } } } }"#),
    marked(
        "{ pages: sitemap(type: PAGE) { pagesCount { count } resources(page: 1) { items {
            ... on SitemapResource { title } } } } }",
    ),
    marked("{ sitemap(type: PRODUCT) { resources(page: 1) { items { ... on SitemapResource { title } } } } }"),
    marked("{ sitemap(type: COLLECTION) { resources(page: 1) { items { ... on SitemapResource { title } } } } }"),
    blind(NONE_YET, r#"{ article(id: "<page1>") { title } }"#),
    blind(NONE_YET, r#"{ articles(first: 50, after: "<pages cursor>", query: "<handle>") { nodes { title } } }"#),
    blind(NONE_YET, r#"{ articles(last: 50, before: "<pages last cursor>") { nodes { title } } }"#),
    blind(NONE_YET, r#"{ blog(id: "<page1>") { title } }"#),
    blind(NONE_YET, r#"{ blog(handle: "<handle>-1") { title } }"#),
    blind(NONE_YET, r#"{ blogByHandle(handle: "<handle>-1") { title } }"#),
    blind(NONE_YET, r#"{ blogs(first: 50, after: "<pages cursor>", query: "<handle>") { nodes { title } } }"#),
    blind(NONE_YET, r#"{ blogs(last: 50, before: "<pages last cursor>") { nodes { title } } }"#),
    blind(NONE_YET, r#"{ metaobject(id: "<page1>") { handle } }"#),
    blind(NONE_YET, r#"{ metaobject(handle: { type: "page", handle: "<handle>-1" }) { handle } }"#),
    blind(NONE_YET, r#"{ metaobjects(type: "page", first: 50, after: "<pages cursor>") { nodes { handle } } }"#),
    blind(NONE_YET, r#"{ metaobjects(type: "page", last: 50, before: "<pages last cursor>") { nodes { handle } } }"#),
    blind(NONE_YET, r#"{ urlRedirects(first: 50, after: "<pages cursor>", query: "<handle>") { nodes { path } } }"#),
    blind(NONE_YET, r#"{ urlRedirects(last: 50, before: "<pages last cursor>") { nodes { path } } }"#),
];

pub const WRITES: &[Entry] = &[
    telling(
        "TAKEN",
        r#"mutation { pageCreate(page: { title: "About", handle: "<handle>-1" }) {
            page { title } userErrors { field code message } } }"#,
    ),
    telling(
        "TAKEN",
        r#"mutation { menuCreate(title: "Main", handle: "<handle>-1", items: []) {
            menu { title } userErrors { field code message } } }"#,
    ),
    marked(
        r#"mutation { menuCreate(title: "Main", handle: "main", items: [
            { title: "About", type: PAGE, resourceId: "<page1>" }]) {
            menu { items { resource { ... on Page { title } } } } userErrors { field code message } } }"#,
    ),
];
