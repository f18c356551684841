//! What search engines are told.

use async_graphql::SimpleObject;

/// Texts for search engines.
#[derive(Clone, Debug, Default, SimpleObject)]
#[graphql(name = "SEO")]
pub struct Seo {
    /// The title that a result shows.
    pub title: Option<String>,
    /// The text that a result shows.
    pub description: Option<String>,
}
