//! `Blog`, `Article` and what hangs on them: known to the schema, none stored yet.

use async_graphql::{Enum, ID};

use crate::catalog::graphql::Image;
use crate::graphql::metafield::{HasMetafieldsIdentifier, Metafield};
use crate::graphql::scalars::{DateTime, Html, Url};
use crate::graphql::seo::Seo;
use crate::{absent_object, connection};

connection!(BlogConnection, BlogEdge, Blog);
connection!(ArticleConnection, ArticleEdge, Article);
connection!(CommentConnection, CommentEdge, Comment);

absent_object! {
    /// A series of articles.
    Blog {
        /// The blog's global id.
        id() -> ID;
        /// The readable part of its URL.
        handle() -> String;
        /// The blog's title.
        title() -> String;
        /// The article with this handle.
        article_by_handle(#[graphql(desc = "The article's handle.")] handle: String) -> Option<Article>;
        /// Its articles.
        articles(
            #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
            #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
            #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
            #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
            #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
            #[graphql(desc = "What to sort by.", default_with = "Some(ArticleSortKeys::Id)")] sort_key: Option<ArticleSortKeys>,
            #[graphql(desc = "Words that must occur.")] query: Option<String>,
        ) -> ArticleConnection;
        /// Who writes in it.
        authors() -> Vec<ArticleAuthor>;
        /// Texts for search engines.
        seo() -> Option<Seo>;
        /// Its address in the storefront.
        online_store_url() -> Option<Url>;
        /// A named value that the merchant has added.
        metafield(
            #[graphql(desc = "The group of keys.")] namespace: Option<String>,
            #[graphql(desc = "The name within the namespace.")] key: String,
        ) -> Option<Metafield>;
        /// Several named values, in the order asked for.
        metafields(
            #[graphql(desc = "Which ones.")] identifiers: Vec<HasMetafieldsIdentifier>,
        ) -> Vec<Option<Metafield>>;
    }
}

absent_object! {
    /// A text of a blog.
    Article {
        /// The article's global id.
        id() -> ID;
        /// The readable part of its URL.
        handle() -> String;
        /// The article's title.
        title() -> String;
        /// Who wrote it.
        #[graphql(deprecation = "Use `authorV2`.")]
        author() -> ArticleAuthor;
        /// Who wrote it.
        #[graphql(name = "authorV2")]
        author_v2() -> Option<ArticleAuthor>;
        /// The blog it belongs to.
        blog() -> Blog;
        /// What readers wrote below it.
        comments(
            #[graphql(desc = "How many, from the start: at most 250.")] first: Option<i32>,
            #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
            #[graphql(desc = "How many, from the end: at most 250.")] last: Option<i32>,
            #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
            #[graphql(desc = "Turn the order round.", default_with = "Some(false)")] reverse: Option<bool>,
        ) -> CommentConnection;
        /// The text without markup.
        content(
            #[graphql(desc = "Cut after this many characters, with an ellipsis.")] truncate_at: Option<i32>,
        ) -> String;
        /// The text with its markup.
        content_html() -> Html;
        /// A short form without markup.
        excerpt(
            #[graphql(desc = "Cut after this many characters, with an ellipsis.")] truncate_at: Option<i32>,
        ) -> Option<String>;
        /// A short form with its markup.
        excerpt_html() -> Option<Html>;
        /// Its picture.
        image() -> Option<Image>;
        /// When it appeared.
        published_at() -> DateTime;
        /// Texts for search engines.
        seo() -> Option<Seo>;
        /// The merchant's labels.
        tags() -> Vec<String>;
        /// Its address in the storefront.
        online_store_url() -> Option<Url>;
        /// What links should carry to be counted.
        tracking_parameters() -> Option<String>;
        /// A named value that the merchant has added.
        metafield(
            #[graphql(desc = "The group of keys.")] namespace: Option<String>,
            #[graphql(desc = "The name within the namespace.")] key: String,
        ) -> Option<Metafield>;
        /// Several named values, in the order asked for.
        metafields(
            #[graphql(desc = "Which ones.")] identifiers: Vec<HasMetafieldsIdentifier>,
        ) -> Vec<Option<Metafield>>;
    }
}

absent_object! {
    /// Who writes articles.
    ArticleAuthor {
        /// A few words about them.
        bio() -> Option<String>;
        /// Their e-mail address.
        email() -> String;
        /// Their first name.
        first_name() -> String;
        /// Their last name.
        last_name() -> String;
        /// Their full name.
        name() -> String;
    }
}

absent_object! {
    /// What a reader wrote below an article.
    Comment {
        /// The comment's global id.
        id() -> ID;
        /// Who wrote it.
        author() -> CommentAuthor;
        /// The text without markup.
        content(
            #[graphql(desc = "Cut after this many characters, with an ellipsis.")] truncate_at: Option<i32>,
        ) -> String;
        /// The text with its markup.
        content_html() -> Html;
    }
}

absent_object! {
    /// Who wrote a comment.
    CommentAuthor {
        /// Their e-mail address.
        email() -> String;
        /// Their name.
        name() -> String;
    }
}

/// What a list of articles is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ArticleSortKeys {
    /// By the author's name.
    Author,
    /// By the blog's title.
    BlogTitle,
    /// By id, which is by age.
    #[default]
    Id,
    /// By when they appeared.
    PublishedAt,
    /// By how well they fit the query.
    Relevance,
    /// By title.
    Title,
    /// By the time of the last change.
    UpdatedAt,
}

/// What a list of blogs is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum BlogSortKeys {
    /// By handle.
    Handle,
    /// By id, which is by age.
    #[default]
    Id,
    /// By how well they fit the query.
    Relevance,
    /// By title.
    Title,
}
