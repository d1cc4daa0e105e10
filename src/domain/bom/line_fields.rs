//! What a line says beside the part that it leads to: field by field, as it is compared. Pure.

/// How much a difference in a field matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Major,
    Minor,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
        }
    }
}

/// A field of a line.
#[derive(Debug, Clone, Copy)]
pub struct LineField {
    pub field: &'static str,
    pub severity: Severity,
    /// The form in which it is compared.
    pub normalized: &'static str,
    pub description: &'static str,
}

const fn field(
    field: &'static str,
    severity: Severity,
    normalized: &'static str,
    description: &'static str,
) -> LineField {
    LineField { field, severity, normalized, description }
}

/// The fields, in the order in which answers name them.
pub const LINE_FIELDS: [LineField; 9] = [
    field("quantity", Severity::Major, "float", "How many of the child one parent needs."),
    field("uom", Severity::Major, "upper-case string", "The unit of the quantity."),
    field("find_num", Severity::Minor, "trimmed string", "The place of the line in its list."),
    field("refdes", Severity::Minor, "sorted list", "Where the child stands on its parent."),
    field("effectivity_from", Severity::Major, "ISO 8601 in UTC", "The first moment at which the line holds."),
    field("effectivity_to", Severity::Major, "ISO 8601 in UTC", "The last moment at which the line holds."),
    field("effectivities", Severity::Major, "sorted list", "Dates, lots, serial numbers and units for which it holds."),
    field("substitutes", Severity::Minor, "sorted list", "The parts that may take the place of the child."),
    field("config_condition", Severity::Major, "JSON", "The options of the product for which the line holds."),
];
