//! Parts of products by their global ids: what `node` answers. A part is seen when its product is.

use async_graphql::Result;
use uuid::Uuid;

use super::image::Image;
use super::media::MediaImage;
use super::option::{ProductOption, ProductOptionValue};
use super::query::product_by_id;
use super::variant::ProductVariant;
use crate::catalog::loaders::{ImagesOfProduct, OptionsOfProduct, VariantById};
use crate::catalog::store;
use crate::graphql::scope::Scope;

/// The variant with this id, if the caller may see its product.
pub async fn variant_by_id(scope: &Scope, id: Uuid) -> Result<Option<ProductVariant>> {
    let Some(variant) = scope.snapshot().loaders.load(VariantById(id)).await? else { return Ok(None) };
    let product = product_by_id(scope, variant.product_id).await?;
    Ok(product.map(|_| ProductVariant(variant)))
}

/// The picture with this id, if the caller may see its product.
pub async fn media_image_by_id(scope: &Scope, id: Uuid) -> Result<Option<MediaImage>> {
    let Some(product_id) = scope.read(async |conn| store::product_of_image(conn, id).await).await? else {
        return Ok(None);
    };
    if product_by_id(scope, product_id).await?.is_none() {
        return Ok(None);
    }
    let images = scope.snapshot().loaders.load(ImagesOfProduct(product_id)).await?;
    let found = images.iter().flat_map(|images| images.iter()).find(|image| image.id == Some(id));
    Ok(found.map(|image| MediaImage(Image(image.clone()))))
}

/// The option with this id, if the caller may see its product.
pub async fn option_by_id(scope: &Scope, id: Uuid) -> Result<Option<ProductOption>> {
    let product_id = scope.read(async |conn| store::product_of_option(conn, id).await).await?;
    Ok(options(scope, product_id).await?.into_iter().find(|option| option.uuid() == id))
}

/// The option value with this id, if the caller may see its product.
pub async fn option_value_by_id(scope: &Scope, id: Uuid) -> Result<Option<ProductOptionValue>> {
    let product_id = scope.read(async |conn| store::product_of_option_value(conn, id).await).await?;
    let options = options(scope, product_id).await?;
    Ok(options.iter().flat_map(ProductOption::values).find(|value| value.uuid() == id))
}

async fn options(scope: &Scope, product_id: Option<Uuid>) -> Result<Vec<ProductOption>> {
    let Some(product_id) = product_id else { return Ok(Vec::new()) };
    if product_by_id(scope, product_id).await?.is_none() {
        return Ok(Vec::new());
    }
    let options = scope.snapshot().loaders.load(OptionsOfProduct(product_id)).await?;
    Ok(options.map(|options| ProductOption::all(product_id, &options)).unwrap_or_default())
}
