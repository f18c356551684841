//! Relay connections in the schema; the paging itself is in [`crate::page`].

use async_graphql::parser::types::Field;
use async_graphql::{Positioned, SimpleObject, Value};

use super::plain::{Plain, Reader};
pub use crate::page::{Cursor, Page, PageArgs, PageQuery, SortKey};

/// Where a page ends and whether there is more.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct PageInfo {
    /// Whether there are items after this page.
    pub has_next_page: bool,
    /// Whether there are items before this page.
    pub has_previous_page: bool,
    /// The first item's cursor.
    pub start_cursor: Option<String>,
    /// The last item's cursor.
    pub end_cursor: Option<String>,
}

impl Plain for PageInfo {
    fn plain(&self, _: &Reader<'_>, field: &Positioned<Field>) -> Option<Value> {
        let cursor = |cursor: &Option<String>| cursor.clone().map_or(Value::Null, Value::String);
        Some(match field.node.name.node.as_str() {
            "hasNextPage" => Value::Boolean(self.has_next_page),
            "hasPreviousPage" => Value::Boolean(self.has_previous_page),
            "startCursor" => cursor(&self.start_cursor),
            "endCursor" => cursor(&self.end_cursor),
            _ => return None,
        })
    }
}

impl<T> Page<T> {
    pub fn page_info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.items.first().map(|(cursor, _)| cursor.encode()),
            end_cursor: self.items.last().map(|(cursor, _)| cursor.encode()),
        }
    }
}

/// Declares `XConnection` and `XEdge` around a node type. Extra fields of the connection go into the braces; `fast`
/// in front sends the items on the hot path ([`crate::graphql::plain`]) and needs `Node: Plain`.
///
/// `connection!(PageConnection, PageEdge, Page);`
#[macro_export]
macro_rules! connection {
    (fast $connection:ident, $edge:ident, $node:ty $(, { $($extra:tt)* })?) => {
        $crate::connection!(@types $connection, $edge, $node,
            $crate::graphql::plain::FastList<$edge>, $crate::graphql::plain::FastList<$node>,
            $crate::graphql::plain::FastList, { $($($extra)*)? });

        impl $crate::graphql::plain::Plain for $connection {
            fn plain(
                &self,
                reader: &$crate::graphql::plain::Reader<'_>,
                field: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> Option<async_graphql::Value> {
                match field.node.name.node.as_str() {
                    "nodes" => reader.list(self.0.items.iter().map(|(_, node)| node), field),
                    "pageInfo" => reader.object(&self.0.page_info(), field),
                    _ => None,
                }
            }
        }

        impl $crate::graphql::plain::Plain for $edge {
            fn plain(
                &self,
                reader: &$crate::graphql::plain::Reader<'_>,
                field: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> Option<async_graphql::Value> {
                match field.node.name.node.as_str() {
                    "node" => reader.object(&self.node, field),
                    "cursor" => Some(async_graphql::Value::String(self.cursor.encode())),
                    _ => None,
                }
            }
        }
    };
    ($connection:ident, $edge:ident, $node:ty $(, { $($extra:tt)* })?) => {
        $crate::connection!(@types $connection, $edge, $node, Vec<$edge>, Vec<$node>, std::convert::identity,
            { $($($extra)*)? });
    };
    (@types $connection:ident, $edge:ident, $node:ty, $edges:ty, $nodes:ty, $wrap:expr, { $($extra:tt)* }) => {
        /// One page of a list.
        #[derive(Clone, Debug, async_graphql::Description)]
        pub struct $connection(pub $crate::page::Page<$node>);

        #[async_graphql::Object(use_type_description)]
        impl $connection {
            /// The page's items with their cursors.
            async fn edges(&self) -> $edges {
                let edge = |(cursor, node): &($crate::page::Cursor, $node)| $edge {
                    cursor: cursor.clone(),
                    node: node.clone(),
                };
                $wrap(self.0.items.iter().map(edge).collect())
            }

            /// The page's items.
            async fn nodes(&self) -> $nodes {
                $wrap(self.0.items.iter().map(|(_, node)| node.clone()).collect())
            }

            /// Where this page ends and whether there is more.
            async fn page_info(&self) -> $crate::graphql::connection::PageInfo {
                self.0.page_info()
            }

            $($extra)*
        }

        /// One item of a page, with its cursor.
        #[derive(Clone, Debug, async_graphql::Description)]
        pub struct $edge {
            cursor: $crate::page::Cursor,
            node: $node,
        }

        #[async_graphql::Object(use_type_description)]
        impl $edge {
            /// The item's place in the list: an opaque text for `after` and `before`.
            async fn cursor(&self) -> String {
                self.cursor.encode()
            }

            /// The item.
            async fn node(&self) -> &$node {
                &self.node
            }
        }
    };
}
