//! Ready choices of key and fields.

use super::field::LineField;
use super::key::LineKey;

/// What a comparison is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareMode {
    OnlyProduct,
    Summarized,
    NumQty,
    ByPosition,
    ByReference,
    ByFindRefdes,
    QuantityOnly,
}

impl CompareMode {
    pub const ALL: [Self; 7] = [
        Self::OnlyProduct,
        Self::Summarized,
        Self::NumQty,
        Self::ByPosition,
        Self::ByReference,
        Self::ByFindRefdes,
        Self::QuantityOnly,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::OnlyProduct => "only_product",
            Self::Summarized => "summarized",
            Self::NumQty => "num_qty",
            Self::ByPosition => "by_position",
            Self::ByReference => "by_reference",
            Self::ByFindRefdes => "by_find_refdes",
            Self::QuantityOnly => "quantity_only",
        }
    }

    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::OnlyProduct => &["only"],
            Self::Summarized => &["summary", "summary_uom", "summarized_uom"],
            Self::NumQty => &["numqty", "find_num_qty"],
            Self::ByPosition => &["by_pos", "position", "by_find_num"],
            Self::ByReference => &["by_ref", "reference", "by_refdes"],
            Self::ByFindRefdes => &["find_refdes", "by_position_reference"],
            Self::QuantityOnly => &["quantity", "qty"],
        }
    }

    /// By its name or an alias, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        Self::ALL.into_iter().find(|mode| mode.name() == name || mode.aliases().contains(&name.as_str()))
    }

    pub fn line_key(self) -> LineKey {
        match self {
            Self::OnlyProduct | Self::QuantityOnly => LineKey::ChildConfig,
            Self::Summarized => LineKey::ChildConfigUom,
            Self::NumQty => LineKey::ChildConfigFindNumQty,
            Self::ByPosition => LineKey::ChildConfigFindNum,
            Self::ByReference => LineKey::ChildConfigRefdes,
            Self::ByFindRefdes => LineKey::ChildConfigFindRefdes,
        }
    }

    /// The fields that it compares; with none, what is there at all.
    pub fn fields(self) -> &'static [LineField] {
        match self {
            Self::OnlyProduct => &[],
            Self::Summarized => &[LineField::Quantity, LineField::Uom],
            Self::NumQty | Self::ByPosition => &[LineField::Quantity, LineField::Uom, LineField::FindNum],
            Self::ByReference => &[LineField::Quantity, LineField::Uom, LineField::Refdes],
            Self::ByFindRefdes => &[LineField::Quantity, LineField::Uom, LineField::FindNum, LineField::Refdes],
            Self::QuantityOnly => &[LineField::Quantity],
        }
    }

    /// Lines of one key in one assembly are one, with the sum of their quantities.
    pub fn aggregates(self) -> bool {
        self == Self::Summarized
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::OnlyProduct => "Which children there are, whatever their lines say.",
            Self::Summarized => "How much of each child, summed over the lines of an assembly by unit.",
            Self::NumQty => "Lines by child, find number and quantity.",
            Self::ByPosition => "Lines by child and find number.",
            Self::ByReference => "Lines by child and reference designators.",
            Self::ByFindRefdes => "Lines by child, find number and reference designators.",
            Self::QuantityOnly => "Lines by child, of which quantities alone are compared.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_name_one_mode_each() {
        let mut seen = std::collections::BTreeSet::new();
        for mode in CompareMode::ALL {
            for name in std::iter::once(&mode.name()).chain(mode.aliases()) {
                assert!(seen.insert(*name), "{name} twice");
                assert_eq!(CompareMode::named(&name.to_uppercase()), Some(mode));
            }
        }
        assert_eq!(CompareMode::named("x"), None);
    }
}
