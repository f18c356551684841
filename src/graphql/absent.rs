//! Types that storefronts name and that have no data behind them yet.
//!
//! One missing field fails a storefront's whole document, so the type exists; nothing ever makes a value of it, so
//! the fields that lead to it answer null or an empty list. The compiler sees to that: there is an `Infallible` inside.

/// Declares an object type that has no values. `as "Name"` names it where its name in Rust does not.
#[macro_export]
macro_rules! absent_object {
    (
        $(#[$meta:meta])* $name:ident $(as $graphql:tt)? {
            $($(#[$field_meta:meta])* $field:ident($($(#[$arg_meta:meta])* $arg:ident: $arg_ty:ty),* $(,)?) -> $ty:ty;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, async_graphql::Description)]
        pub struct $name(pub std::convert::Infallible);

        #[allow(unused_variables, unreachable_code, clippy::too_many_arguments, reason = "there is never a value")]
        #[async_graphql::Object(use_type_description $(, name = $graphql)?)]
        impl $name {
            $(
                $(#[$field_meta])*
                pub(crate) async fn $field(&self, $($(#[$arg_meta])* $arg: $arg_ty),*) -> $ty {
                    match self.0 {}
                }
            )*
        }
    };
}
