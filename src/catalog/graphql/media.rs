//! `Media`: so far pictures alone; films and models are named, since storefronts name them.

use async_graphql::{Context, Description, Enum, ID, Interface, Object};

use super::image::Image;
use crate::graphql::scalars::{Json, Url};
use crate::graphql::scope::ScopeExt;
use crate::{absent_object, connection};

/// Something to look at.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(name = "id", ty = "ID", desc = "The global id."),
    field(name = "alt", ty = "Option<String>", desc = "What it shows, for those who do not see it."),
    field(name = "media_content_type", ty = "MediaContentType", desc = "What kind of thing it is."),
    field(name = "preview_image", ty = "Option<Image>", desc = "A picture that stands for it."),
    field(name = "presentation", ty = "Option<MediaPresentation>", desc = "How it should be shown.")
)]
pub enum Media {
    Image(MediaImage),
    Video(Video),
    ExternalVideo(ExternalVideo),
    Model3d(Model3d),
}

connection!(MediaConnection, MediaEdge, Media);

/// A picture among a product's media.
#[derive(Clone, Debug, Description)]
pub struct MediaImage(pub Image);

#[Object(use_type_description)]
impl MediaImage {
    /// The global id.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> ID {
        ctx.scope().gid("MediaImage", self.0.0.id.unwrap_or_default())
    }

    /// What it shows, for those who do not see it.
    async fn alt(&self) -> Option<String> {
        self.0.0.alt_text.clone()
    }

    /// What kind of thing it is.
    async fn media_content_type(&self) -> MediaContentType {
        MediaContentType::Image
    }

    /// A picture that stands for it.
    async fn preview_image(&self) -> Option<Image> {
        Some(self.0.clone())
    }

    /// How it should be shown.
    async fn presentation(&self) -> Option<MediaPresentation> {
        None
    }

    /// The picture.
    async fn image(&self) -> Option<Image> {
        Some(self.0.clone())
    }
}

absent_object! {
    /// A film that the shop keeps. There are none yet.
    Video {
        /// The global id.
        id() -> ID;
        /// What it shows, for those who do not see it.
        alt() -> Option<String>;
        /// What kind of thing it is.
        media_content_type() -> MediaContentType;
        /// A picture that stands for it.
        preview_image() -> Option<Image>;
        /// How it should be shown.
        presentation() -> Option<MediaPresentation>;
        /// The film in its formats.
        sources() -> Vec<VideoSource>;
    }
}

absent_object! {
    /// One format of a film.
    VideoSource {
        /// The format's name.
        format() -> String;
        /// Pixels down.
        height() -> i32;
        /// The format's media type.
        mime_type() -> String;
        /// Where it is.
        url() -> Url;
        /// Pixels across.
        width() -> i32;
    }
}

absent_object! {
    /// A film that someone else keeps. There are none yet.
    ExternalVideo {
        /// The global id.
        id() -> ID;
        /// What it shows, for those who do not see it.
        alt() -> Option<String>;
        /// What kind of thing it is.
        media_content_type() -> MediaContentType;
        /// A picture that stands for it.
        preview_image() -> Option<Image>;
        /// How it should be shown.
        presentation() -> Option<MediaPresentation>;
        /// The address to embed.
        embed_url() -> Url;
        /// The address to embed.
        embedded_url() -> Url;
        /// Who keeps it.
        host() -> MediaHost;
        /// Where it comes from.
        origin_url() -> Url;
    }
}

absent_object! {
    /// A thing to turn round. There are none yet.
    Model3d as "Model3d" {
        /// The global id.
        id() -> ID;
        /// What it shows, for those who do not see it.
        alt() -> Option<String>;
        /// What kind of thing it is.
        media_content_type() -> MediaContentType;
        /// A picture that stands for it.
        preview_image() -> Option<Image>;
        /// How it should be shown.
        presentation() -> Option<MediaPresentation>;
        /// The model in its formats.
        sources() -> Vec<Model3dSource>;
    }
}

absent_object! {
    /// One format of a model.
    Model3dSource as "Model3dSource" {
        /// The file's size in bytes.
        filesize() -> i32;
        /// The format's name.
        format() -> String;
        /// The format's media type.
        mime_type() -> String;
        /// Where it is.
        url() -> Url;
    }
}

absent_object! {
    /// A file of another kind, such as a manual. There are none yet.
    GenericFile {
        /// The global id.
        id() -> ID;
        /// What it holds, for those who do not see it.
        alt() -> Option<String>;
        /// The file's media type.
        mime_type() -> Option<String>;
        /// The file's size in bytes.
        original_file_size() -> Option<i32>;
        /// A picture that stands for it.
        preview_image() -> Option<Image>;
        /// Where it is.
        url() -> Option<Url>;
    }
}

absent_object! {
    /// How something should be shown.
    MediaPresentation {
        /// The global id.
        id() -> ID;
        /// The settings as JSON.
        as_json(#[graphql(desc = "For what.")] format: MediaPresentationFormat) -> Option<Json>;
    }
}

/// What kind of thing a medium is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MediaContentType {
    /// A film that someone else keeps.
    ExternalVideo,
    /// A picture.
    Image,
    /// A thing to turn round.
    #[graphql(name = "MODEL_3D")]
    Model3d,
    /// A film.
    Video,
}

/// Who keeps a film.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MediaHost {
    /// Vimeo.
    Vimeo,
    /// YouTube.
    Youtube,
}

/// For what a presentation is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MediaPresentationFormat {
    /// A picture.
    Image,
    /// A viewer of models.
    ModelViewer,
}

/// What a product's media are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ProductMediaSortKeys {
    /// By id, which is by age.
    Id,
    /// In the merchant's order.
    #[default]
    Position,
    /// In the merchant's order.
    Relevance,
}
