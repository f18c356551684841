//! The cart's mutations. A cart belongs to whoever has its id, so no further right is asked for.

use std::future::Future;

use async_graphql::{Context, ID, Object, Result};
use emporia_macros::guarded;
use uuid::Uuid;

use super::input::{
    AttributeInput, CartBuyerIdentityInput, CartInput, CartLineInput, CartLineUpdateInput, CartMetafieldDeleteInput,
    CartMetafieldsSetInput, CartSelectableAddressInput, CartSelectableAddressUpdateInput,
    CartSelectedDeliveryOptionInput, attributes,
};
use super::payload::*;
use crate::cart::key::CartKey;
use crate::cart::service::{self, CartResult, Changed, Desk};
use crate::graphql::directives::InContext;
use crate::graphql::scope::{Scope, ScopeExt};
use crate::ids::Gid;
use crate::shipping::loaders::OptionsFor;

#[derive(Default)]
pub struct CartMutation;

fn desk(scope: &Scope) -> Desk {
    Desk::new(&scope.app, scope.tenant())
}

/// Runs a change of a cart and answers it under the mutation's own payload.
async fn run<P: From<Outcome>>(
    scope: &Scope,
    change: impl Future<Output = CartResult<Changed>> + Send + 'static,
) -> Result<Option<P>> {
    let changed = scope.act(change).await?;
    Ok(Some(Outcome::of(scope, changed)?.into()))
}

fn gids(ids: Vec<ID>, kind: &str) -> Vec<Option<Uuid>> {
    ids.iter().map(|id| Gid::of(id, kind)).collect()
}

#[guarded]
#[Object]
impl CartMutation {
    /// Makes a cart.
    #[public]
    async fn cart_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it has from the start.")] input: Option<CartInput>,
    ) -> Result<Option<CartCreatePayload>> {
        let (scope, country) = (ctx.scope(), InContext::of(ctx)?.country);
        let (desk, new) = (desk(scope), input.unwrap_or_default().into_model(country));
        run(scope, async move { service::cart_create(&desk, &new).await }).await
    }

    /// Adds lines; more of a variant that is there with the same remarks makes its line longer.
    #[public]
    async fn cart_lines_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The lines, at most 250 at once.")] lines: Vec<CartLineInput>,
    ) -> Result<Option<CartLinesAddPayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        let lines: Vec<_> = lines.into_iter().map(CartLineInput::into_model).collect();
        run(ctx.scope(), async move { service::cart_lines_add(&desk, key, &lines).await }).await
    }

    /// Changes lines; a quantity of 0 removes one.
    #[public]
    async fn cart_lines_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The changes, at most 250 at once.")] lines: Vec<CartLineUpdateInput>,
    ) -> Result<Option<CartLinesUpdatePayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        let lines: Vec<_> = lines.into_iter().map(CartLineUpdateInput::into_model).collect();
        run(ctx.scope(), async move { service::cart_lines_update(&desk, key, &lines).await }).await
    }

    /// Removes lines.
    #[public]
    async fn cart_lines_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The lines' global ids, at most 250 at once.")] line_ids: Vec<ID>,
    ) -> Result<Option<CartLinesRemovePayload>> {
        let (desk, key, ids) = (desk(ctx.scope()), CartKey::parse(&cart_id), gids(line_ids, "CartLine"));
        run(ctx.scope(), async move { service::cart_lines_remove(&desk, key, &ids).await }).await
    }

    /// Changes what the buyer wants to tell the merchant.
    #[public]
    async fn cart_note_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The note, at most 5000 characters.")] note: String,
    ) -> Result<Option<CartNoteUpdatePayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        run(ctx.scope(), async move { service::cart_note_update(&desk, key, &note).await }).await
    }

    /// Puts these remarks in place of all there are.
    #[public]
    async fn cart_attributes_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The remarks, at most 250.", name = "attributes")] pairs: Vec<AttributeInput>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
    ) -> Result<Option<CartAttributesUpdatePayload>> {
        let (desk, key, pairs) = (desk(ctx.scope()), CartKey::parse(&cart_id), attributes(pairs));
        run(ctx.scope(), async move { service::cart_attributes_update(&desk, key, &pairs).await }).await
    }

    /// Changes who buys.
    #[public]
    async fn cart_buyer_identity_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "Who buys.")] buyer_identity: CartBuyerIdentityInput,
    ) -> Result<Option<CartBuyerIdentityUpdatePayload>> {
        let (desk, key, buyer) = (desk(ctx.scope()), CartKey::parse(&cart_id), buyer_identity.into_model());
        run(ctx.scope(), async move { service::cart_buyer_identity_update(&desk, key, &buyer).await }).await
    }

    /// Adds addresses.
    #[public]
    async fn cart_delivery_addresses_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The addresses.")] addresses: Vec<CartSelectableAddressInput>,
    ) -> Result<Option<CartDeliveryAddressesAddPayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        let addresses: Vec<_> = addresses.into_iter().map(CartSelectableAddressInput::into_model).collect();
        run(ctx.scope(), async move { service::cart_delivery_addresses_add(&desk, key, &addresses).await }).await
    }

    /// Changes addresses.
    #[public]
    async fn cart_delivery_addresses_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The changes.")] addresses: Vec<CartSelectableAddressUpdateInput>,
    ) -> Result<Option<CartDeliveryAddressesUpdatePayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        let addresses: Vec<_> = addresses.into_iter().map(CartSelectableAddressUpdateInput::into_model).collect();
        run(ctx.scope(), async move { service::cart_delivery_addresses_update(&desk, key, &addresses).await }).await
    }

    /// Removes addresses.
    #[public]
    async fn cart_delivery_addresses_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The addresses' global ids.")] address_ids: Vec<ID>,
    ) -> Result<Option<CartDeliveryAddressesRemovePayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        let ids = gids(address_ids, "CartSelectableAddress");
        run(ctx.scope(), async move { service::cart_delivery_addresses_remove(&desk, key, &ids).await }).await
    }

    /// Puts these addresses in place of all there are.
    #[public]
    async fn cart_delivery_addresses_replace(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The addresses.")] addresses: Vec<CartSelectableAddressInput>,
    ) -> Result<Option<CartDeliveryAddressesReplacePayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        let addresses: Vec<_> = addresses.into_iter().map(CartSelectableAddressInput::into_model).collect();
        run(ctx.scope(), async move { service::cart_delivery_addresses_replace(&desk, key, &addresses).await }).await
    }

    /// Chooses how the cart is delivered.
    #[public]
    async fn cart_selected_delivery_options_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The option for each delivery group.")] selected_delivery_options: Vec<
            CartSelectedDeliveryOptionInput,
        >,
    ) -> Result<Option<CartSelectedDeliveryOptionsUpdatePayload>> {
        let scope = ctx.scope();
        let (desk, key) = (desk(scope), CartKey::parse(&cart_id));
        let choices: Vec<_> =
            selected_delivery_options.into_iter().map(CartSelectedDeliveryOptionInput::into_model).collect();
        let chosen = async move { service::cart_selected_delivery_options_update(&desk, key, &choices).await };
        let changed = match scope.act(chosen).await? {
            Ok((changed, options)) => {
                // The payload's sums need what the change has just looked up.
                if let Some(country) = changed.cart.ships_to() {
                    scope.snapshot().loaders.prime(OptionsFor(country), options.into()).await;
                }
                Ok(changed)
            }
            Err(error) => Err(error),
        };
        Ok(Some(Outcome::of(scope, changed)?.into()))
    }

    /// Puts these discount codes in place of all there are. There are no discounts yet: none applies.
    #[public]
    async fn cart_discount_codes_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The codes.")] discount_codes: Vec<String>,
    ) -> Result<Option<CartDiscountCodesUpdatePayload>> {
        let (desk, key) = (desk(ctx.scope()), CartKey::parse(&cart_id));
        run(ctx.scope(), async move { service::cart_discount_codes_update(&desk, key, &discount_codes).await }).await
    }

    /// Puts these gift cards in place of all there are. There are no gift cards yet: no code is valid.
    #[public]
    async fn cart_gift_card_codes_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The gift cards' codes.")] gift_card_codes: Vec<String>,
    ) -> Result<Option<CartGiftCardCodesUpdatePayload>> {
        gift_cards(ctx.scope(), &cart_id, "giftCardCodes", &gift_card_codes).await
    }

    /// Adds gift cards. There are none yet: no code is valid.
    #[public]
    async fn cart_gift_card_codes_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
        #[graphql(desc = "The gift cards' codes.")] gift_card_codes: Vec<String>,
    ) -> Result<Option<CartGiftCardCodesAddPayload>> {
        gift_cards(ctx.scope(), &cart_id, "giftCardCodes", &gift_card_codes).await
    }

    /// Removes gift cards. There are none yet: no id is valid.
    #[public]
    async fn cart_gift_card_codes_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The gift cards' global ids.")] applied_gift_card_ids: Vec<ID>,
        #[graphql(desc = "The cart's global id.")] cart_id: ID,
    ) -> Result<Option<CartGiftCardCodesRemovePayload>> {
        let ids: Vec<String> = applied_gift_card_ids.into_iter().map(|id| id.0).collect();
        gift_cards(ctx.scope(), &cart_id, "appliedGiftCardIds", &ids).await
    }

    /// Sets metafields of carts. Carts do not keep any yet.
    #[public]
    async fn cart_metafields_set(
        &self,
        #[graphql(desc = "The metafields.")] metafields: Vec<CartMetafieldsSetInput>,
    ) -> Option<CartMetafieldsSetPayload> {
        let refused = |(at, _)| MetafieldsSetUserError {
            field: Some(vec!["metafields".to_owned(), format!("{at}"), "ownerId".to_owned()]),
            message: "Carts do not keep metafields yet.".to_owned(),
            code: Some(MetafieldsSetUserErrorCode::InvalidOwner),
            element_index: i32::try_from(at).ok(),
        };
        Some(CartMetafieldsSetPayload {
            metafields: None,
            user_errors: metafields.iter().take(250).enumerate().map(refused).collect(),
        })
    }

    /// Deletes a metafield of a cart. Carts do not keep any yet.
    #[public]
    async fn cart_metafield_delete(
        &self,
        #[graphql(desc = "The metafield.")] input: CartMetafieldDeleteInput,
    ) -> Option<CartMetafieldDeletePayload> {
        let _ = input;
        let refused = MetafieldDeleteUserError {
            field: Some(vec!["input".to_owned(), "key".to_owned()]),
            message: "Carts do not keep metafields yet.".to_owned(),
            code: Some(MetafieldDeleteErrorCode::MetafieldDoesNotExist),
        };
        Some(CartMetafieldDeletePayload { deleted_id: None, user_errors: vec![refused] })
    }
}

/// The cart unchanged when no gift card is named, a refusal when one is.
async fn gift_cards<P: From<Outcome>>(
    scope: &Scope,
    cart_id: &str,
    field: &str,
    named: &[String],
) -> Result<Option<P>> {
    let (key, now) = (CartKey::parse(cart_id), scope.app.clock.now());
    let found = scope.read(async |conn| service::cart_unchanged(conn, key, now, field, named).await).await?;
    let outcome = match found {
        Ok(unchanged) => Outcome::of(scope, Ok(unchanged))?,
        Err(rule) => Outcome::refused(rule),
    };
    Ok(Some(outcome.into()))
}
