//! The draft's sums and its stock, for any cart.

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::address::Address;
use crate::cart::model::{Attributes, Buyer, CartAddress, Merchandise};
use crate::country::Country;

fn address() -> Address {
    Address {
        first_name: None,
        last_name: Some("Lovelace".into()),
        company: None,
        address1: Some("Am Markt 1".into()),
        address2: None,
        city: Some("Jena".into()),
        zip: None,
        province_code: None,
        country: Country::DE,
        phone: None,
    }
}

fn line(variant: u128, price_minor: i64, quantity: i32, tracked: bool) -> Arc<Line> {
    let merchandise = Merchandise {
        variant_id: Uuid::from_u128(variant),
        product_id: Uuid::from_u128(1),
        product_title: "Mug".into(),
        vendor: String::new(),
        variant_title: "Default Title".into(),
        sku: None,
        price_minor,
        compare_at_minor: None,
        weight_grams: 0,
        requires_shipping: true,
        taxable: true,
        tracked,
        may_oversell: false,
        available: 0,
    };
    Arc::new(Line { id: Uuid::nil(), merchandise, quantity, attributes: Attributes::default(), position: 1 })
}

fn cart(lines: Vec<Arc<Line>>) -> Cart {
    let selected =
        CartAddress { id: Uuid::nil(), address: Arc::new(address()), selected: true, one_time_use: false, position: 1 };
    Cart {
        id: Uuid::from_u128(9),
        customer_id: None,
        note: String::new(),
        attributes: Attributes::default(),
        discount_codes: Vec::new(),
        buyer: Buyer { email: Some("ada@example.com".into()), ..Buyer::default() },
        lines,
        addresses: vec![Arc::new(selected)],
        delivery_handle: None,
        completed_at: None,
        order_id: None,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
    }
}

fn options() -> Vec<DeliveryOption> {
    vec![DeliveryOption { handle: "post".into(), title: "Post".into(), price_minor: 490 }]
}

fn terms() -> Terms {
    Terms {
        order_id: Uuid::from_u128(5),
        token_hash: [0; 32],
        gateway: "manual".into(),
        actor: "test".into(),
        currency: Currency::EUR,
        fee: Fee { basis_points: 50, minor: 25 },
        default_location_id: Uuid::from_u128(100),
    }
}

fn shelf(lines: usize, levels: &[(u128, &[(u128, i32)])]) -> Shelf {
    let level =
        |(location, available): &(u128, i32)| Level { location_id: Uuid::from_u128(*location), available: *available };
    let levels = levels.iter().map(|(variant, levels)| (Uuid::from_u128(*variant), levels.iter().map(level).collect()));
    Shelf { lines, options: HashMap::new(), levels: levels.collect() }
}

fn taken(draft: &OrderDraft) -> Vec<Vec<(u128, i32)>> {
    let line = |line: &DraftLine| line.stock.iter().map(|t| (t.location_id.as_u128(), t.quantity)).collect();
    draft.lines.iter().map(line).collect()
}

#[test]
fn stock_comes_from_one_location_where_one_has_enough() {
    let cart = cart(vec![line(1, 100, 5, true)]);
    let draft = draft(&cart, &shelf(1, &[(1, &[(100, 4), (101, 6)])]), &options(), terms()).unwrap();
    assert_eq!(taken(&draft), [[(101, 5)]]);
}

#[test]
fn stock_comes_from_several_locations_where_none_has_enough() {
    let cart = cart(vec![line(1, 100, 9, true)]);
    let draft = draft(&cart, &shelf(1, &[(1, &[(100, 4), (101, 6)])]), &options(), terms()).unwrap();
    assert_eq!(taken(&draft), [[(100, 4), (101, 5)]]);
}

#[test]
fn two_lines_of_one_variant_share_its_stock() {
    let cart = cart(vec![line(1, 100, 3, true), line(1, 100, 3, true)]);
    assert!(draft(&cart, &shelf(2, &[(1, &[(100, 6)])]), &options(), terms()).is_ok());
    let refused = draft(&cart, &shelf(2, &[(1, &[(100, 5)])]), &options(), terms()).unwrap_err();
    assert!(matches!(refused[..], [CheckoutRule::NotEnoughStock { available: 2, .. }]), "{refused:?}");
}

#[test]
fn what_is_sold_on_below_zero_goes_under_at_the_first_location() {
    let mut sold = Line::clone(&line(1, 100, 5, true));
    sold.merchandise.may_oversell = true;
    let cart = cart(vec![Arc::new(sold)]);
    let draft_on = |shelf| taken(&draft(&cart, &shelf, &options(), terms()).unwrap());
    assert_eq!(draft_on(shelf(1, &[])), [[(100, 5)]]);
    assert_eq!(draft_on(shelf(1, &[(1, &[(101, -2)])])), [[(101, 5)]]);
    assert_eq!(draft_on(shelf(1, &[(1, &[(101, 1), (102, 2)])])), [vec![(101, 3), (102, 2)]]);
}

#[test]
fn every_reason_is_told_at_once() {
    let mut cart = cart(vec![line(1, 100, 1, true)]);
    cart.addresses.clear();
    let refused = draft(&cart, &shelf(2, &[]), &options(), terms()).unwrap_err();
    assert!(refused.contains(&CheckoutRule::MerchandiseGone) && refused.contains(&CheckoutRule::AddressMissing));
    assert!(matches!(refused.last(), Some(CheckoutRule::NotEnoughStock { available: 0, .. })));
}

#[test]
fn a_way_of_delivery_that_is_gone_is_not_replaced_by_another() {
    let mut cart = cart(vec![line(1, 100, 1, false)]);
    assert!(draft(&cart, &shelf(1, &[]), &options(), terms()).is_ok());
    assert_eq!(draft(&cart, &shelf(1, &[]), &[], terms()), Err(vec![CheckoutRule::NotDeliverable]));
    cart.delivery_handle = Some("express".into());
    assert_eq!(draft(&cart, &shelf(1, &[]), &options(), terms()), Err(vec![CheckoutRule::DeliveryOptionGone]));
}

#[test]
fn what_is_delivered_needs_a_whole_address_and_every_buyer_a_contact() {
    let draft_of = |cart: &Cart| draft(cart, &shelf(1, &[]), &options(), terms());
    let incomplete = |part: &str| CheckoutRule::AddressIncomplete { part: part.to_owned() };
    let mut cart = cart(vec![line(1, 100, 1, false)]);
    let bare = Address { last_name: None, address1: Some(" ".into()), city: None, ..address() };
    Arc::make_mut(&mut cart.addresses[0]).address = Arc::new(bare);
    cart.buyer = Buyer::default();
    let all = [CheckoutRule::ContactMissing, incomplete("lastName"), incomplete("address1"), incomplete("city")];
    assert_eq!(draft_of(&cart), Err(all.to_vec()));
    cart.buyer.phone = Some("112".into());
    Arc::make_mut(&mut cart.lines[0]).merchandise.requires_shipping = false;
    assert!(draft_of(&cart).is_ok(), "nothing has to get there");
}

#[test]
fn an_empty_cart_makes_no_order() {
    assert_eq!(draft(&cart(Vec::new()), &shelf(0, &[]), &options(), terms()), Err(vec![CheckoutRule::CartEmpty]));
}

proptest! {
    #[test]
    fn sums_agree_and_every_unit_comes_from_somewhere(
        lines in prop::collection::vec((0_u128..4, 0_i64..=1_000_000, 1_i32..=50, any::<bool>()), 1..12),
        levels in prop::collection::vec(prop::collection::vec(-5_i32..=200, 0..4), 4),
    ) {
        // Whether a variant is counted is the variant's, not the line's.
        let tracked: Vec<bool> = (0..4).map(|v| lines.iter().find(|l| l.0 == v).is_some_and(|l| l.3)).collect();
        let cart = cart(lines.iter().map(|l| line(l.0, l.1, l.2, tracked[l.0 as usize])).collect());
        let mut on_shelf = shelf(lines.len(), &[]);
        for (variant, levels) in levels.iter().enumerate() {
            let levels = levels.iter().enumerate();
            let levels = levels.map(|(at, n)| Level { location_id: Uuid::from_u128(100 + at as u128), available: *n });
            on_shelf.levels.insert(Uuid::from_u128(variant as u128), levels.collect());
        }
        match draft(&cart, &on_shelf, &options(), terms()) {
            Ok(draft) => {
                let sum: i64 = draft.lines.iter().map(|line| line.line_total_minor).sum();
                prop_assert_eq!(draft.subtotal_minor, sum);
                prop_assert_eq!(draft.total_minor, draft.subtotal_minor + draft.shipping_minor);
                prop_assert_eq!(draft.shipping_minor, 490);
                for line in &draft.lines {
                    prop_assert_eq!(line.line_total_minor, line.unit_price_minor * i64::from(line.quantity));
                    let units: i32 = line.stock.iter().map(|taken| taken.quantity).sum();
                    prop_assert!(units == line.quantity || line.stock.is_empty());
                }
                for change in crate::inventory::model::sum(&draft.stock_changes(-1)).unwrap() {
                    let level = on_shelf.levels[&change.variant_id].iter().find(|l| l.location_id == change.location_id);
                    prop_assert!(level.unwrap().available + change.delta >= 0, "sold below zero");
                }
            }
            Err(refused) => {
                for rule in refused {
                    let CheckoutRule::NotEnoughStock { variant_id, .. } = rule else { panic!("{rule:?}") };
                    let wanted: i32 = cart.lines.iter().filter(|l| l.merchandise.variant_id == variant_id).map(|l| l.quantity).sum();
                    let there: i32 = on_shelf.levels[&variant_id].iter().map(|l| l.available.max(0)).sum();
                    prop_assert!(there < wanted, "refused although there was enough");
                }
            }
        }
    }
}
