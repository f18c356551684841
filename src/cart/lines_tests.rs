//! How lines merge, split and are cut to the stock.

use proptest::prelude::*;

use super::*;
use crate::cart::model::tests::merchandise;

fn new(variant: u128, quantity: i32, remark: &str) -> NewLine {
    let remark = Attribute { key: "remark".into(), value: Some(remark.into()) };
    let (variant_id, attributes) = (Some(Uuid::from_u128(variant)), vec![remark]);
    NewLine { variant_id, quantity, attributes, extras: Extras::default() }
}

fn quantity_of(line: &Line, quantity: i32) -> LineUpdate {
    let (id, quantity) = (Some(line.id), Some(quantity));
    LineUpdate { id, variant_id: None, quantity, attributes: None, extras: Extras::default() }
}

fn cart() -> Cart {
    Cart::empty(Uuid::nil(), chrono::DateTime::UNIX_EPOCH)
}

fn stock(variants: &[(u128, Option<i64>)]) -> Known {
    let one = |(id, available): &(u128, Option<i64>)| {
        let (tracked, available) = (available.is_some(), available.unwrap_or_default());
        (Uuid::from_u128(*id), Merchandise { tracked, available, ..merchandise(*id, 100) })
    };
    variants.iter().map(one).collect()
}

fn ids() -> impl FnMut() -> Uuid {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    || Uuid::from_u128(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).into())
}

fn quantities(cart: &Cart) -> Vec<i32> {
    cart.lines.iter().map(|line| line.quantity).collect()
}

const LINES: Field<'static> = Field::argument("lines");

#[test]
fn the_same_variant_with_equal_attributes_is_one_line() {
    let (mut cart, known) = (cart(), stock(&[(1, None), (2, None)]));
    let lines = [new(1, 1, "a"), new(1, 2, "a"), new(1, 3, "b"), new(2, 4, "a")];
    assert_eq!(add(&mut cart, &known, &lines, &LINES, ids()).unwrap(), []);
    assert_eq!(quantities(&cart), [3, 3, 4]);
}

#[test]
fn more_than_the_stock_is_cut_with_a_warning() {
    let (mut cart, known) = (cart(), stock(&[(1, Some(5)), (2, Some(0))]));
    let warnings = add(&mut cart, &known, &[new(1, 3, "a"), new(1, 4, "b"), new(2, 1, "")], &LINES, ids()).unwrap();
    assert_eq!(quantities(&cart), [3, 2], "the last line has what the others leave");
    let codes: Vec<_> = warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, [CartWarningCode::MerchandiseNotEnoughStock, CartWarningCode::MerchandiseOutOfStock]);
}

#[test]
fn lines_that_become_alike_become_one() {
    let (mut cart, known) = (cart(), stock(&[(1, None)]));
    add(&mut cart, &known, &[new(1, 1, "a"), new(1, 2, "b")], &LINES, ids()).unwrap();
    let alike = LineUpdate { attributes: Some(new(1, 1, "a").attributes), ..quantity_of(&cart.lines[1], 2) };
    update(&mut cart, &known, &[alike], &LINES).unwrap();
    assert_eq!(quantities(&cart), [3]);
}

#[test]
fn a_quantity_of_nothing_removes_the_line() {
    let (mut cart, known) = (cart(), stock(&[(1, None)]));
    add(&mut cart, &known, &[new(1, 1, "a")], &LINES, ids()).unwrap();
    let none = quantity_of(&cart.lines[0], 0);
    update(&mut cart, &known, std::slice::from_ref(&none), &LINES).unwrap();
    assert!(cart.lines.is_empty());
    let again = update(&mut cart, &known, &[none], &LINES).unwrap_err();
    assert_eq!(
        (again.code, again.field),
        (CartErrorCode::InvalidMerchandiseLine, vec!["lines".into(), "0".into(), "id".into()])
    );
}

#[test]
fn quantities_lines_and_sums_have_bounds() {
    let known = stock(&[(1, None)]);
    let refused = |lines: &[NewLine]| add(&mut cart(), &known, lines, &LINES, ids()).unwrap_err().code;
    assert_eq!(refused(&[new(1, 0, "")]), CartErrorCode::MinimumNotMet);
    assert_eq!(refused(&[new(1, -1, "")]), CartErrorCode::MinimumNotMet);
    assert_eq!(refused(&[new(1, MAX_QUANTITY + 1, "")]), CartErrorCode::MaximumExceeded);
    assert_eq!(refused(&[new(1, MAX_QUANTITY, ""), new(1, 1, "")]), CartErrorCode::MaximumExceeded);
    assert_eq!(refused(&[new(9, 1, "")]), CartErrorCode::InvalidMerchandiseLine);
    let many: Vec<_> = (0..=MAX_LINES).map(|n| new(1, 1, &n.to_string())).collect();
    assert_eq!(refused(&many), CartErrorCode::CartTooLarge);
    let dear = Known::from([(Uuid::from_u128(1), merchandise(1, MAX_TOTAL / 1000))]);
    let too_much = add(&mut cart(), &dear, &[new(1, 1001, "")], &LINES, ids()).unwrap_err();
    assert_eq!(too_much.code, CartErrorCode::MaximumExceeded);
}

proptest! {
    #[test]
    fn no_variant_is_ever_asked_for_beyond_its_stock(
        adds in prop::collection::vec((1_u128..4, 1..20, 0_u8..3), 1..20),
        stock_of in prop::collection::vec(0_i64..30, 3),
    ) {
        let known = stock(&[(1, Some(stock_of[0])), (2, Some(stock_of[1])), (3, Some(stock_of[2]))]);
        let mut cart = cart();
        for (variant, quantity, remark) in adds {
            add(&mut cart, &known, &[new(variant, quantity, &remark.to_string())], &LINES, ids()).unwrap();
        }
        for (id, merchandise) in &known {
            let asked: i64 = cart.lines.iter().filter(|line| line.merchandise.variant_id == *id).map(|line| i64::from(line.quantity)).sum();
            prop_assert!(asked <= merchandise.available);
        }
        prop_assert!(cart.lines.iter().all(|line| line.quantity > 0));
    }
}
