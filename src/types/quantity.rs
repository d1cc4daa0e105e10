//! Exact quantities: how many of a child one parent needs.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

/// The most decimal places a quantity may have.
pub const MAX_PLACES: u32 = 10;

/// A decimal with at most ten places; 0.1 + 0.2 is 0.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(Decimal);

impl Quantity {
    pub const ONE: Quantity = Quantity(Decimal::ONE);

    /// Accepts a positive decimal of at most [`MAX_PLACES`] places; the error is a sentence for a person.
    pub fn positive(value: Decimal) -> Result<Self, String> {
        if value <= Decimal::ZERO {
            return Err(format!("A quantity is greater than zero; {} is not", value.normalize()));
        }
        Self::not_negative(value)
    }

    /// The same where there may be none of it.
    pub fn not_negative(value: Decimal) -> Result<Self, String> {
        let value = value.normalize();
        if value < Decimal::ZERO {
            return Err(format!("A quantity is at least zero; {value} is not"));
        }
        if value.scale() > MAX_PLACES {
            return Err(format!("A quantity has at most {MAX_PLACES} decimal places; {value} has {}", value.scale()));
        }
        Ok(Self(value))
    }

    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The float that reads back as exactly this quantity, if there is one: JSON numbers are floats to most readers.
    pub fn exact_float(self) -> Option<f64> {
        exact_float(self.0)
    }
}

/// The float that reads back as exactly this value, if there is one.
pub fn exact_float(value: Decimal) -> Option<f64> {
    let value = value.normalize();
    let float: f64 = value.to_string().parse().ok()?;
    let back = Decimal::from_str_exact(&float.to_string()).ok()?;
    (back == value).then_some(float)
}

impl FromStr for Quantity {
    type Err = String;

    /// Reads plain (`2.50`) and scientific (`1e-3`) notation.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::positive(read(text)?)
    }
}

/// A decimal, before it is asked whether it is a quantity.
pub fn read(text: &str) -> Result<Decimal, String> {
    let text = text.trim();
    let no_number = || format!("A quantity is a decimal number; {text:?} is not");
    // The decimal reader passes over underscores.
    if text.contains('_') {
        return Err(no_number());
    }
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).map_err(|_| no_number())
}

impl fmt::Display for Quantity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let sum: Quantity = "0.1".parse().unwrap();
        let more: Quantity = "0.2".parse().unwrap();
        assert_eq!((sum.decimal() + more.decimal()).to_string(), "0.3");
        assert_eq!("2.50".parse::<Quantity>().unwrap().to_string(), "2.5");
        assert_eq!("1e-3".parse::<Quantity>().unwrap().to_string(), "0.001");
    }

    #[test]
    fn zero_negative_and_overlong_are_refused() {
        for bad in ["0", "-1", "", "two", "NaN", "inf", "0.12345678901", "1e400", "1_000", "1_0e2"] {
            assert!(bad.parse::<Quantity>().is_err(), "{bad}");
        }
    }

    #[test]
    fn none_of_it_is_a_quantity_only_where_that_is_allowed() {
        assert!(Quantity::positive(Decimal::ZERO).is_err());
        assert_eq!(Quantity::not_negative(Decimal::ZERO).unwrap().to_string(), "0");
        assert!(Quantity::not_negative(-Decimal::ONE).is_err());
    }

    #[test]
    fn a_float_stands_for_a_quantity_only_where_it_is_exact() {
        let float = |text: &str| text.parse::<Quantity>().unwrap().exact_float();
        for (text, expected) in [("0.1", 0.1), ("12345.6789", 12345.6789), ("1e20", 1e20), ("0.0000000001", 1e-10)] {
            assert_eq!(float(text), Some(expected));
        }
        for rounded in ["9007199254740993", "1234567890123.1234567891", "12345678901234567.5"] {
            assert_eq!(float(rounded), None, "{rounded}");
        }
    }
}
