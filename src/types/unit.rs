//! Units of measure: which can be converted into each other, and by how much. Pure.
//!
//! Names are compared without regard to case. Every factor is exact by definition of the unit (the inch is 25.4 mm), so that
//! what is converted into the principal unit of a dimension is exact. A unit that is not in the table is a dimension of its
//! own: nothing is known of it but that it is the same as itself.

use rust_decimal::Decimal;

/// What a unit measures.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    Count,
    Length,
    Mass,
    Volume,
    Area,
    Time,
    /// Of a unit that is not known: its name, in upper case.
    Other(String),
}

/// The unit of a line that names none.
pub const EACH: &str = "EA";

/// A known unit, and how many principal units of its dimension it is.
struct Known {
    dimension: Dimension,
    names: &'static [&'static str],
    factor: &'static str,
}

const fn known(dimension: Dimension, names: &'static [&'static str], factor: &'static str) -> Known {
    Known { dimension, names, factor }
}

/// The first unit of each dimension is its principal one, with factor 1.
const UNITS: &[Known] = &[
    known(Dimension::Count, &["EA", "EACH", "PC", "PCS", "PCE", "ST", "STK", "UNIT", "UNITS", "NOS"], "1"),
    known(Dimension::Count, &["PAIR", "PR"], "2"),
    known(Dimension::Count, &["DOZ", "DZ", "DOZEN"], "12"),
    known(Dimension::Length, &["M", "MTR", "METER", "METRE"], "1"),
    // The micro sign in upper case is the Greek letter.
    known(Dimension::Length, &["UM", "\u{39c}M"], "0.000001"),
    known(Dimension::Length, &["MM"], "0.001"),
    known(Dimension::Length, &["CM"], "0.01"),
    known(Dimension::Length, &["DM"], "0.1"),
    known(Dimension::Length, &["KM"], "1000"),
    known(Dimension::Length, &["IN", "INCH", "\""], "0.0254"),
    known(Dimension::Length, &["FT", "FOOT", "FEET", "'"], "0.3048"),
    known(Dimension::Length, &["YD"], "0.9144"),
    known(Dimension::Mass, &["KG", "KGS"], "1"),
    known(Dimension::Mass, &["MG"], "0.000001"),
    known(Dimension::Mass, &["G", "GR", "GRAM"], "0.001"),
    known(Dimension::Mass, &["T", "TO", "TON", "TONNE"], "1000"),
    known(Dimension::Mass, &["LB", "LBS"], "0.45359237"),
    known(Dimension::Mass, &["OZ"], "0.028349523125"),
    known(Dimension::Volume, &["L", "LTR", "LITER", "LITRE"], "1"),
    known(Dimension::Volume, &["ML", "CM3", "CCM"], "0.001"),
    known(Dimension::Volume, &["CL"], "0.01"),
    known(Dimension::Volume, &["M3", "CBM"], "1000"),
    known(Dimension::Volume, &["MM3"], "0.000001"),
    known(Dimension::Volume, &["IN3"], "0.016387064"),
    known(Dimension::Volume, &["FT3"], "28.316846592"),
    known(Dimension::Volume, &["GAL"], "3.785411784"),
    known(Dimension::Area, &["M2", "SQM", "QM"], "1"),
    known(Dimension::Area, &["MM2"], "0.000001"),
    known(Dimension::Area, &["CM2"], "0.0001"),
    known(Dimension::Area, &["IN2"], "0.00064516"),
    known(Dimension::Area, &["FT2"], "0.09290304"),
    known(Dimension::Time, &["S", "SEC"], "1"),
    known(Dimension::Time, &["MS"], "0.001"),
    known(Dimension::Time, &["MIN"], "60"),
    known(Dimension::Time, &["H", "HR", "HRS", "STD"], "3600"),
    known(Dimension::Time, &["D", "DAY"], "86400"),
];

/// A unit as its name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub dimension: Dimension,
    /// How many principal units it is.
    factor: Decimal,
}

impl Unit {
    pub fn named(name: &str) -> Self {
        let name = name.trim().to_uppercase();
        let found = UNITS.iter().find(|known| known.names.contains(&name.as_str()));
        let of_table = found.and_then(|known| Some((known.dimension.clone(), known.factor.parse().ok()?)));
        let (dimension, factor) = of_table.unwrap_or((Dimension::Other(name), Decimal::ONE));
        Self { dimension, factor }
    }

    /// The unit of the same dimension into which everything is converted exactly: `EA`, `M`, `KG`, `L`, `M2`, `S`; an
    /// unknown one is its own.
    pub fn principal(&self) -> &str {
        match &self.dimension {
            Dimension::Other(name) => name,
            known => UNITS.iter().find(|unit| unit.dimension == *known).map_or(EACH, |unit| unit.names[0]),
        }
    }
}

/// So many of one unit in another; none where they measure different things, or there are more digits than can be kept.
///
/// Exact wherever the result has at most 28 digits; a quotient that never ends (minutes in hours) is rounded to those.
pub fn convert(value: Decimal, from: &str, to: &str) -> Option<Decimal> {
    let (from, to) = (Unit::named(from), Unit::named(to));
    if from.dimension != to.dimension {
        return None;
    }
    if from.factor == to.factor {
        return Some(value);
    }
    let principal = exact_product(value, from.factor)?;
    principal.checked_div(to.factor).map(|converted| converted.normalize())
}

/// The product; none rather than a rounded one.
pub fn exact_product(one: Decimal, other: Decimal) -> Option<Decimal> {
    let (one, other) = (one.normalize(), other.normalize());
    if one.is_zero() || other.is_zero() {
        return Some(Decimal::ZERO);
    }
    let product = one.checked_mul(other)?;
    (product.scale() == one.scale() + other.scale()).then(|| product.normalize())
}

/// The sum; none rather than a rounded one.
pub fn exact_sum(one: Decimal, other: Decimal) -> Option<Decimal> {
    let sum = one.checked_add(other)?;
    // Without the rounding that too many digits would have forced, either term comes back.
    (sum.checked_sub(other)? == one && sum.checked_sub(one)? == other).then(|| sum.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn units_of_one_dimension_are_converted_exactly() {
        let table = [
            ("1", "in", "MM", Some("25.4")),
            ("25.4", "MM", "IN", Some("1")),
            ("3", "ft", "m", Some("0.9144")),
            ("1", "FT", "IN", Some("12")),
            ("250", "g", "KG", Some("0.25")),
            ("2", "LB", "KG", Some("0.90718474")),
            ("16", "OZ", "LB", Some("1")),
            ("1.5", "T", "KG", Some("1500")),
            ("1", "M3", "L", Some("1000")),
            ("500", "ml", "L", Some("0.5")),
            ("1", "M2", "CM2", Some("10000")),
            ("90", "MIN", "H", Some("1.5")),
            ("4", "PCS", "EA", Some("4")),
            ("2", "DOZ", "PAIR", Some("12")),
            ("7", "roll", "ROLL", Some("7")),
            ("1", "KG", "M", None),
            ("1", "ROLL", "EA", None),
            ("1", "ROLL", "BOX", None),
        ];
        for (value, from, to, expected) in table {
            assert_eq!(convert(decimal(value), from, to), expected.map(decimal), "{value} {from} in {to}");
        }
    }

    #[test]
    fn every_name_is_there_once_and_every_principal_unit_has_factor_one() {
        let mut names = HashSet::new();
        for unit in UNITS {
            assert!(unit.factor.parse::<Decimal>().unwrap() > Decimal::ZERO);
            for name in unit.names {
                assert!(names.insert(*name), "{name} is there twice");
                assert_eq!(*name, name.to_uppercase(), "{name}");
                assert_eq!(Unit::named(name).dimension, unit.dimension);
            }
            let principal = Unit::named(unit.names[0]);
            assert_eq!(Unit::named(principal.principal()).factor, Decimal::ONE);
        }
        assert_eq!(Unit::named("sack").principal(), "SACK");
    }

    #[test]
    fn a_product_is_exact_or_none() {
        let table = [
            ("0.1", "3", Some("0.3")),
            ("0.0000000001", "0.0000000001", Some("0.00000000000000000001")),
            ("2.50", "4", Some("10")),
            ("0", "0.05", Some("0")),
            ("79228162514264337593543950335", "2", None),
            ("1.0000000001", "1.00000000000000000001", None),
        ];
        for (one, other, expected) in table {
            assert_eq!(exact_product(decimal(one), decimal(other)), expected.map(decimal), "{one} {other}");
        }
    }

    #[test]
    fn a_sum_is_exact_or_none() {
        assert_eq!(exact_sum(decimal("0.1"), decimal("0.2")), Some(decimal("0.3")));
        assert_eq!(exact_sum(decimal("79228162514264337593543950335"), decimal("1")), None);
        assert_eq!(exact_sum(decimal("79228162514264337593543950334"), decimal("0.4")), None);
    }

    proptest! {
        /// There and back again by way of the principal unit is where one began.
        #[test]
        fn a_conversion_and_its_reverse_cancel(value in 1i64..1_000_000_000, places in 0u32..6, pick in 0usize..UNITS.len()) {
            let unit = &UNITS[pick];
            let principal = Unit::named(unit.names[0]).principal().to_owned();
            let value = Decimal::new(value, places);
            let there = convert(value, unit.names[0], &principal).unwrap();
            prop_assert_eq!(convert(there, &principal, unit.names[0]), Some(value.normalize()));
        }
    }
}
