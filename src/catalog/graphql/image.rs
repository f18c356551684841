//! `Image` and its connection.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, Object};

use crate::catalog::model;
use crate::connection;
use crate::graphql::scalars::Url;
use crate::graphql::scope::ScopeExt;

/// A picture.
#[derive(Clone, Debug, Description)]
pub struct Image(pub Arc<model::Image>);

connection!(ImageConnection, ImageEdge, Image);

#[Object(use_type_description)]
impl Image {
    /// The image's global id.
    async fn id(&self, ctx: &Context<'_>) -> Option<ID> {
        self.0.id.map(|id| ctx.scope().gid("ProductImage", id))
    }

    /// Where it is. Pictures are given out as they are: a transformation is a wish that is not fulfilled yet.
    async fn url(
        &self,
        #[graphql(desc = "How it should be scaled or cut.")] transform: Option<ImageTransformInput>,
    ) -> Url {
        let _ = transform;
        Url(self.0.url.clone())
    }

    /// Where it is.
    #[graphql(deprecation = "Use `url`.")]
    async fn src(&self) -> Url {
        Url(self.0.url.clone())
    }

    /// Where the original is.
    #[graphql(deprecation = "Use `url`.")]
    async fn original_src(&self) -> Url {
        Url(self.0.url.clone())
    }

    /// Where it is, transformed.
    #[graphql(deprecation = "Use `url(transform:)`.")]
    async fn transformed_src(
        &self,
        #[graphql(desc = "At most this wide.")] max_width: Option<i32>,
        #[graphql(desc = "At most this high.")] max_height: Option<i32>,
        #[graphql(desc = "Which part stays.")] crop: Option<CropRegion>,
        #[graphql(desc = "Pixels for each pixel of the size.", default_with = "Some(1)")] scale: Option<i32>,
        #[graphql(desc = "The wanted format.")] preferred_content_type: Option<ImageContentType>,
    ) -> Url {
        let _ = (max_width, max_height, crop, scale, preferred_content_type);
        Url(self.0.url.clone())
    }

    /// What it shows, for those who do not see it.
    async fn alt_text(&self) -> Option<&str> {
        self.0.alt_text.as_deref()
    }

    /// Pixels across, when they are known.
    async fn width(&self) -> Option<i32> {
        self.0.width
    }

    /// Pixels down, when they are known.
    async fn height(&self) -> Option<i32> {
        self.0.height
    }

    /// A tiny preview in text: there is none.
    async fn thumbhash(&self) -> Option<&str> {
        None
    }
}

/// How a picture should be scaled or cut.
#[derive(Clone, Debug, InputObject)]
pub struct ImageTransformInput {
    /// Which part stays.
    crop: Option<CropRegion>,
    /// At most this wide.
    max_width: Option<i32>,
    /// At most this high.
    max_height: Option<i32>,
    /// Pixels for each pixel of the size.
    #[graphql(default_with = "Some(1)")]
    scale: Option<i32>,
    /// The wanted format.
    preferred_content_type: Option<ImageContentType>,
}

/// The part of a picture that stays when it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CropRegion {
    /// The lower part.
    Bottom,
    /// The middle.
    Center,
    /// The left part.
    Left,
    /// The right part.
    Right,
    /// The upper part.
    Top,
}

/// A format of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ImageContentType {
    /// JPEG.
    Jpg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

/// What a product's images are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ProductImageSortKeys {
    /// By when they were added.
    CreatedAt,
    /// By id, which is by age.
    Id,
    /// In the merchant's order.
    #[default]
    Position,
    /// In the merchant's order.
    Relevance,
}

/// A product's images in the order asked for.
pub fn sorted(mut images: Vec<Image>, key: ProductImageSortKeys) -> Vec<Image> {
    if matches!(key, ProductImageSortKeys::CreatedAt | ProductImageSortKeys::Id) {
        images.sort_by_key(|image| image.0.id);
    }
    images
}
