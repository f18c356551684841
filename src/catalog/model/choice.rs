//! Choosing a variant by its options: pure, on what the loaders have brought.

use std::sync::Arc;

use super::check::fold;
use super::product::Variant;
use super::whole::WholeOption;

/// An option's name and the value chosen for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    pub name: String,
    pub value: String,
}

/// How names and values are compared, and what becomes of options that the product does not have.
#[derive(Clone, Copy, Debug)]
pub struct Matching {
    pub ignore_unknown: bool,
    pub ignore_case: bool,
}

impl Matching {
    fn same(self, a: &str, b: &str) -> bool {
        if self.ignore_case { fold(a) == fold(b) } else { a == b }
    }
}

impl Variant {
    /// Its option values, in the options' order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.option1.as_str()).chain(self.option2.as_deref()).chain(self.option3.as_deref())
    }
}

/// Options and variants of one product.
pub struct Choices<'a> {
    pub options: &'a [WholeOption],
    pub variants: &'a [Arc<Variant>],
}

/// For each option the chosen value; none: not chosen.
type Selection<'s> = Vec<Option<&'s str>>;

impl Choices<'_> {
    /// The first variant that can be bought, or else the first one.
    pub fn first_available(&self) -> Option<&Arc<Variant>> {
        self.variants.iter().find(|variant| variant.available_for_sale()).or(self.variants.first())
    }

    /// The variant that the choice leads to (one that can be bought, when several fit), or else the first available.
    pub fn selected_or_first_available(&self, chosen: &[Chosen], matching: Matching) -> Option<&Arc<Variant>> {
        if chosen.is_empty() {
            return self.first_available();
        }
        let Some(selection) = self.select(chosen, matching) else { return self.first_available() };
        let fitting = || self.variants.iter().filter(|variant| differences(variant, &selection, matching) == 0);
        if selection.iter().all(Option::is_none) {
            return self.first_available();
        }
        fitting().find(|variant| variant.available_for_sale()).or_else(|| fitting().next()).or(self.first_available())
    }

    /// The one variant with exactly these values.
    pub fn by_options(&self, chosen: &[Chosen], matching: Matching) -> Option<&Arc<Variant>> {
        let selection = self.select(chosen, matching)?;
        if selection.iter().any(Option::is_none) {
            return None;
        }
        self.variants.iter().find(|variant| differences(variant, &selection, matching) == 0)
    }

    /// The variants that differ from the choice (or from the first available variant) in exactly one value.
    pub fn adjacent(&self, chosen: &[Chosen], matching: Matching) -> Vec<&Arc<Variant>> {
        let selection = self.select(chosen, matching).filter(|selection| selection.iter().any(Option::is_some));
        let Some(selection) = selection.or_else(|| Some(self.first_available()?.values().map(Some).collect())) else {
            return Vec::new();
        };
        self.variants.iter().filter(|variant| differences(variant, &selection, matching) == 1).collect()
    }

    /// The variant with this value that has the foremost values otherwise.
    pub fn first_with(&self, option: usize, value: &str) -> Option<&Arc<Variant>> {
        let with = self.variants.iter().filter(|variant| variant.values().nth(option) == Some(value));
        with.min_by_key(|variant| self.places(variant))
    }

    /// Which combinations of values there are, in Shopify's encoding (version 1).
    pub fn encoded(&self, only_available: bool) -> String {
        let variants = self.variants.iter().filter(|variant| !only_available || variant.available_for_sale());
        let mut combinations: Vec<Vec<usize>> = variants.map(|variant| self.places(variant)).collect();
        combinations.sort_unstable();
        combinations.dedup();
        let mut encoded = "v1_".to_owned();
        encode(&combinations.iter().map(Vec::as_slice).collect::<Vec<_>>(), &mut encoded);
        encoded
    }

    /// The places of a variant's values among their options' values.
    fn places(&self, variant: &Variant) -> Vec<usize> {
        let place = |(value, option): (&str, &WholeOption)| {
            option.values.iter().position(|known| known.name == value).unwrap_or(option.values.len())
        };
        variant.values().zip(self.options).map(place).collect()
    }

    /// `None`: an option is unknown and that counts.
    fn select<'s>(&self, chosen: &'s [Chosen], matching: Matching) -> Option<Selection<'s>> {
        let known = |chosen: &Chosen| self.options.iter().any(|option| matching.same(&option.name, &chosen.name));
        if !matching.ignore_unknown && !chosen.iter().all(known) {
            return None;
        }
        let value = |option: &WholeOption| {
            chosen.iter().find(|chosen| matching.same(&chosen.name, &option.name)).map(|chosen| chosen.value.as_str())
        };
        Some(self.options.iter().map(value).collect())
    }
}

/// In how many chosen values a variant differs.
fn differences(variant: &Variant, selection: &Selection<'_>, matching: Matching) -> usize {
    let differs = |(value, chosen): (&str, &Option<&str>)| chosen.is_some_and(|chosen| !matching.same(chosen, value));
    variant.values().zip(selection).filter(|pair| differs((pair.0, pair.1))).count()
}

/// A trie of sorted combinations: `:` goes one option down, `,` comes back up, the last option has ranges.
fn encode(combinations: &[&[usize]], out: &mut String) {
    if combinations.first().is_some_and(|first| first.len() == 1) {
        encode_last(combinations, out);
        return;
    }
    for group in combinations.chunk_by(|a, b| a.first() == b.first()) {
        let Some((first, _)) = group[0].split_first() else { continue };
        out.push_str(&first.to_string());
        out.push(':');
        encode(&group.iter().map(|combination| &combination[1..]).collect::<Vec<_>>(), out);
        out.push(',');
    }
}

fn encode_last(values: &[&[usize]], out: &mut String) {
    for (nth, run) in values.chunk_by(|a, b| a[0] + 1 == b[0]).enumerate() {
        if nth > 0 {
            out.push(' ');
        }
        out.push_str(&run[0][0].to_string());
        if run.len() > 1 {
            out.push('-');
            out.push_str(&run[run.len() - 1][0].to_string());
        }
    }
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
