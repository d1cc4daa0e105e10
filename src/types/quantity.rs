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
        let value = value.normalize();
        if value <= Decimal::ZERO {
            return Err(format!("A quantity is greater than zero; {value} is not"));
        }
        if value.scale() > MAX_PLACES {
            return Err(format!("A quantity has at most {MAX_PLACES} decimal places; {value} has {}", value.scale()));
        }
        Ok(Self(value))
    }

    pub fn decimal(self) -> Decimal {
        self.0
    }
}

impl FromStr for Quantity {
    type Err = String;

    /// Reads plain (`2.50`) and scientific (`1e-3`) notation.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let value = Decimal::from_str_exact(text)
            .or_else(|_| Decimal::from_scientific(text))
            .map_err(|_| format!("A quantity is a decimal number; {text:?} is not"))?;
        Self::positive(value)
    }
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
        for bad in ["0", "-1", "", "two", "NaN", "inf", "0.12345678901", "1e400"] {
            assert!(bad.parse::<Quantity>().is_err(), "{bad}");
        }
    }
}
