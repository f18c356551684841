//! Money: whole minor units of one currency. Decimals exist only in answers and in parsed input.

mod currency;
pub mod graphql;

use std::fmt;

pub use currency::Currency;

/// An amount: `minor` units (cents, for EUR) of `currency`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

/// Why a text is not an amount of a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    #[error("is not a decimal number like 19.90")]
    NotANumber,
    #[error("has more than {0} decimal place(s), which the currency does not have")]
    TooPrecise(u32),
    #[error("is out of range")]
    OutOfRange,
}

impl Money {
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a decimal text exactly: no rounding, trailing zeros beyond the exponent allowed.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || digits.ends_with('.') {
            return Err(AmountError::NotANumber);
        }
        let exponent = currency.exponent() as usize;
        let significant = fraction.trim_end_matches('0');
        if significant.len() > exponent {
            return Err(AmountError::TooPrecise(currency.exponent()));
        }
        let magnitude: i64 =
            format!("{whole}{significant:0<exponent$}").parse().map_err(|_| AmountError::OutOfRange)?;
        Ok(Self::new(if negative { -magnitude } else { magnitude }, currency))
    }

    /// The amount as a decimal text with the currency's own exponent: `1990` EUR is `19.90`, `500` JPY is `500`.
    pub fn to_decimal(self) -> String {
        let exponent = self.currency.exponent();
        if exponent == 0 {
            return self.minor.to_string();
        }
        let unit = 10_u64.pow(exponent);
        let magnitude = self.minor.unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        format!("{sign}{}.{:0width$}", magnitude / unit, magnitude % unit, width = exponent as usize)
    }
}

/// The amount for people: `€1,234.50`, `CHF 12.00`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = self.to_decimal();
        let (sign, digits) = decimal.strip_prefix('-').map_or(("", &*decimal), |digits| ("-", digits));
        let (whole, fraction) = digits.find('.').map_or((digits, ""), |at| digits.split_at(at));
        let symbol = self.currency.symbol();
        // A code is a word, and stands apart from the number.
        let gap = if symbol == self.currency.code() { "\u{a0}" } else { "" };
        write!(f, "{sign}{symbol}{gap}")?;
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        f.write_str(fraction)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_exponent_is_the_currencys_own() {
        assert_eq!(Money::new(1990, Currency::EUR).to_decimal(), "19.90");
        assert_eq!(Money::new(-5, Currency::EUR).to_decimal(), "-0.05");
        assert_eq!(Money::new(500, Currency::JPY).to_decimal(), "500");
        assert_eq!(Money::new(1, Currency::BHD).to_decimal(), "0.001");
    }

    #[test]
    fn people_read_groups_of_digits_and_the_currencys_sign() {
        let text = |minor, currency| Money::new(minor, currency).to_string();
        assert_eq!(text(123_450, Currency::EUR), "€1,234.50");
        assert_eq!(text(99_999, Currency::EUR), "€999.99");
        assert_eq!(text(-1_234_567, Currency::JPY), "-¥1,234,567");
        assert_eq!(text(1200, Currency::CHF), "CHF\u{a0}12.00");
        assert_eq!(text(1, Currency::BHD), "BHD\u{a0}0.001");
    }

    #[test]
    fn what_a_currency_cannot_hold_is_refused() {
        let parse = |text| Money::parse(text, Currency::EUR).map(|money| money.minor);
        assert_eq!(parse("19.9"), Ok(1990));
        assert_eq!(parse("19.9000"), Ok(1990));
        assert_eq!(parse("19.999"), Err(AmountError::TooPrecise(2)));
        assert_eq!(parse("99999999999999999999"), Err(AmountError::OutOfRange));
        for text in ["", ".", "1.", ".5", "1,5", "1e3", "+1", "--1", "١"] {
            assert_eq!(parse(text), Err(AmountError::NotANumber), "{text}");
        }
        assert_eq!(Money::parse("1.5", Currency::JPY), Err(AmountError::TooPrecise(0)));
    }

    proptest! {
        #[test]
        fn every_amount_reads_back(minor in any::<i64>().prop_filter("has a magnitude", |m| *m > i64::MIN), which in 0..Currency::EVERY.len()) {
            let money = Money::new(minor, Currency::EVERY[which]);
            prop_assert_eq!(Money::parse(&money.to_decimal(), money.currency), Ok(money));
        }
    }
}
