//! How choices lead to variants, and what is there is encoded.

use proptest::prelude::*;
use uuid::Uuid;

use super::super::whole::OptionValue;
use super::*;

const EXACT: Matching = Matching { ignore_unknown: false, ignore_case: false };
const LOOSE: Matching = Matching { ignore_unknown: true, ignore_case: true };

fn option(name: &str, values: &[&str]) -> WholeOption {
    let value = |name: &&str| OptionValue { id: Uuid::nil(), name: (*name).to_owned() };
    WholeOption { id: Uuid::nil(), name: name.to_owned(), values: values.iter().map(value).collect() }
}

fn variant(values: &[&str], available: i64) -> Arc<Variant> {
    Arc::new(Variant {
        id: Uuid::nil(),
        product_id: Uuid::nil(),
        position: 1,
        title: values.join(" / "),
        option1: values[0].to_owned(),
        option2: values.get(1).map(|value| (*value).to_owned()),
        option3: values.get(2).map(|value| (*value).to_owned()),
        sku: None,
        price_minor: 0,
        compare_at_minor: None,
        may_oversell: false,
        tracked: true,
        requires_shipping: true,
        image_id: None,
        available,
    })
}

fn chosen(pairs: &[(&str, &str)]) -> Vec<Chosen> {
    pairs.iter().map(|(name, value)| Chosen { name: (*name).to_owned(), value: (*value).to_owned() }).collect()
}

/// S and M in red and blue; S red is sold out, M blue does not exist.
fn shirts() -> (Vec<WholeOption>, Vec<Arc<Variant>>) {
    let options = vec![option("Size", &["S", "M"]), option("Colour", &["Red", "Blue"])];
    (options, vec![variant(&["S", "Red"], 0), variant(&["S", "Blue"], 1), variant(&["M", "Red"], 1)])
}

#[test]
fn a_choice_leads_to_its_variant_or_to_the_first_available() {
    let (options, variants) = shirts();
    let choices = Choices { options: &options, variants: &variants };
    let title = |pairs: &[(&str, &str)]| {
        choices.selected_or_first_available(&chosen(pairs), LOOSE).map(|variant| variant.title.clone()).unwrap()
    };
    assert_eq!(title(&[]), "S / Blue");
    assert_eq!(title(&[("size", "s"), ("COLOUR", "red")]), "S / Red");
    assert_eq!(title(&[("Size", "M")]), "M / Red");
    assert_eq!(title(&[("Size", "M"), ("Colour", "Blue")]), "S / Blue", "no such variant");
    assert_eq!(title(&[("Cut", "Slim")]), "S / Blue", "no such option");
    assert_eq!(title(&[("Cut", "Slim"), ("Size", "M")]), "M / Red");
}

#[test]
fn an_exact_choice_names_every_option() {
    let (options, variants) = shirts();
    let choices = Choices { options: &options, variants: &variants };
    let title = |pairs: &[(&str, &str)], matching| {
        choices.by_options(&chosen(pairs), matching).map(|variant| variant.title.clone())
    };
    assert_eq!(title(&[("Size", "S"), ("Colour", "Red")], EXACT).as_deref(), Some("S / Red"));
    assert_eq!(title(&[("size", "S"), ("Colour", "Red")], EXACT), None);
    assert_eq!(title(&[("Size", "S")], EXACT), None);
    assert_eq!(title(&[("Size", "S"), ("Colour", "Red"), ("Cut", "Slim")], EXACT), None);
    assert!(title(&[("Size", "S"), ("Colour", "Red"), ("Cut", "Slim")], LOOSE).is_some());
}

#[test]
fn adjacent_variants_differ_in_one_value() {
    let (options, variants) = shirts();
    let choices = Choices { options: &options, variants: &variants };
    let titles = |pairs: &[(&str, &str)]| -> Vec<String> {
        choices.adjacent(&chosen(pairs), LOOSE).into_iter().map(|variant| variant.title.clone()).collect()
    };
    assert_eq!(titles(&[("Size", "S"), ("Colour", "Red")]), ["S / Blue", "M / Red"]);
    assert_eq!(titles(&[]), ["S / Red"], "next to S / Blue");
}

#[test]
fn the_first_variant_with_a_value_has_the_foremost_other_values() {
    let (options, variants) = shirts();
    let choices = Choices { options: &options, variants: &variants };
    assert_eq!(choices.first_with(1, "Red").unwrap().title, "S / Red");
    assert_eq!(choices.first_with(0, "M").unwrap().title, "M / Red");
    assert!(choices.first_with(0, "L").is_none());
}

#[test]
fn combinations_are_encoded_as_storefronts_decode_them() {
    let encoded = |combinations: &[&[usize]]| {
        let mut out = String::new();
        encode(combinations, &mut out);
        out
    };
    assert_eq!(encoded(&[]), "");
    assert_eq!(encoded(&[&[0]]), "0");
    assert_eq!(encoded(&[&[0], &[1], &[2], &[4]]), "0-2 4");
    assert_eq!(encoded(&[&[0, 0], &[0, 1], &[1, 0], &[1, 2]]), "0:0-1,1:0 2,");
    let cube: [&[usize]; 8] =
        [&[0, 0, 0], &[0, 1, 0], &[0, 1, 1], &[1, 0, 0], &[1, 0, 1], &[1, 1, 1], &[2, 0, 1], &[2, 1, 0]];
    assert_eq!(encoded(&cube), "0:0:0,1:0-1,,1:0:0-1,1:1,,2:0:1,1:0,,");
}

/// The storefront's decoder, after its documentation.
fn decode(encoded: &str) -> Vec<Vec<usize>> {
    let (mut found, mut path, mut number, mut from) = (Vec::new(), Vec::new(), String::new(), None);
    let mut end = |path: &[usize], number: &mut String, from: &mut Option<usize>| {
        if let Ok(last) = number.parse::<usize>() {
            for value in from.take().unwrap_or(last)..=last {
                found.push([path, &[value]].concat());
            }
        }
        number.clear();
    };
    for char in encoded.chars() {
        match char {
            ':' => path.push(std::mem::take(&mut number).parse().unwrap()),
            '-' => from = Some(std::mem::take(&mut number).parse().unwrap()),
            ' ' => end(&path, &mut number, &mut from),
            ',' => {
                end(&path, &mut number, &mut from);
                path.pop();
            }
            digit => number.push(digit),
        }
    }
    end(&path, &mut number, &mut from);
    found
}

proptest! {
    #[test]
    fn every_set_of_combinations_decodes_to_itself(
        set in (1_usize..=3).prop_flat_map(|options| {
            proptest::collection::btree_set(proptest::collection::vec(0_usize..5, options), 0..40)
        })
    ) {
        let combinations: Vec<&[usize]> = set.iter().map(Vec::as_slice).collect();
        let mut encoded = String::new();
        encode(&combinations, &mut encoded);
        prop_assert_eq!(decode(&encoded), set.into_iter().collect::<Vec<_>>());
    }
}
